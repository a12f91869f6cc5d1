namespace LeadGrain.Gateway.Errors;

/// <summary>Tells an error tracker of exceptions that nobody foresaw.</summary>
public interface IErrorReporter
{
    /// <summary>Takes an exception to be sent later, best effort. Never waits and never throws. The message is not sent:
    /// it may hold lead data.</summary>
    /// <param name="exception">What happened.</param>
    /// <param name="requestId">The X-Request-Id of the request.</param>
    /// <param name="route">The route's template, never the path that was asked for.</param>
    void Report(Exception exception, string requestId, string? route);
}
