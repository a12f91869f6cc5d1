namespace LeadGrain.Gateway.Errors;

/// <summary>Where faults of ours are reported to, beside the log.</summary>
public interface IErrorReporter
{
    /// <summary>Takes note of a fault. Returns at once and never throws.</summary>
    /// <param name="fault">The fault.</param>
    /// <param name="requestId">The request's id, as answered in X-Request-Id.</param>
    /// <param name="route">The route's template, such as <c>/cursor/{namespace}</c>; null where none matched.</param>
    void Report(Exception fault, string requestId, string? route);
}

internal sealed class NoErrorReporter : IErrorReporter
{
    public void Report(Exception fault, string requestId, string? route)
    {
    }
}
