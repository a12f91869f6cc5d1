using LeadGrain.Gateway.Errors;
using LeadGrain.Gateway.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Gateway.Pipeline;

/// <summary>The outermost step: an id on every request, an answer for every fault, and HEAD wherever there is GET.</summary>
internal sealed partial class RequestBoundary(RequestDelegate next, IErrorReporter errors, ILogger<RequestBoundary> logger)
{
    // What nginx made the custom for a caller that went away.
    private const int ClientClosedRequest = 499;

    public async Task InvokeAsync(HttpContext context)
    {
        RequestIdentity.Assign(context);
        if (HttpMethods.IsHead(context.Request.Method))
        {
            context.Request.Method = HttpMethods.Get; // the server sends no body all the same
        }

        context.Response.Headers.XContentTypeOptions = "nosniff";
        using var scope = logger.IsEnabled(LogLevel.Critical) ? logger.BeginScope(new RequestScope(context.TraceIdentifier)) : null;
        try
        {
            await next(context);
            if (IsBareRefusal(context.Response))
            {
                AllowHead(context.Response.Headers);
                await context.AnswerAsync(Problem.OfStatus(context.Response.StatusCode));
            }
        }
        catch (Exception fault) when (context.RequestAborted.IsCancellationRequested && fault is OperationCanceledException or IOException)
        {
            LogClientClosed(logger, context.Request.Method, RouteOf(context));
            if (!context.Response.HasStarted)
            {
                context.Response.StatusCode = ClientClosedRequest;
            }
        }
        catch (Exception fault)
        {
            await AnswerFaultAsync(context, fault);
        }
    }

    private static bool IsBareRefusal(HttpResponse response) =>
        response.StatusCode is 404 or 405 or 415 && !response.HasStarted && response.ContentType is null && response.ContentLength is null;

    private static void AllowHead(IHeaderDictionary headers)
    {
        if (headers.Allow.ToString() is var methods && methods.Contains(HttpMethods.Get, StringComparison.Ordinal))
        {
            headers.Allow = methods.Replace(HttpMethods.Get, $"{HttpMethods.Get}, {HttpMethods.Head}", StringComparison.Ordinal);
        }
    }

    private static string? RouteOf(HttpContext context) => (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;

    private Task AnswerFaultAsync(HttpContext context, Exception fault)
    {
        var problem = FaultMap.Find(fault);
        if (problem is null)
        {
            LogFault(logger, fault, context.Request.Method, RouteOf(context));
            errors.Report(fault, context.TraceIdentifier, RouteOf(context));
        }
        else if (problem.Status >= 500)
        {
            LogUnavailable(logger, problem.Code, context.Request.Method, RouteOf(context), fault.Message);
        }

        if (context.Response.HasStarted)
        {
            // Half an answer must not look like a whole one.
            context.Abort();
            return Task.CompletedTask;
        }

        return context.AnswerAsync(problem ?? Problem.InternalError());
    }

    [LoggerMessage(LogLevel.Error, "{Method} {Route} failed")]
    private static partial void LogFault(ILogger logger, Exception fault, string method, string? route);

    [LoggerMessage(LogLevel.Warning, "{Code}: {Method} {Route}: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, string code, string method, string? route, string reason);

    [LoggerMessage(LogLevel.Debug, "499: the client closed {Method} {Route}")]
    private static partial void LogClientClosed(ILogger logger, string method, string? route);
}
