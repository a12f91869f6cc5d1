using LeadGrain.Gateway.Errors;
using LeadGrain.Gateway.Idempotency;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Ingestion;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Gateway.Ingestion;

/// <summary>A line for each post, whatever became of it: never anything of its body, and of its key only the start of a hash.</summary>
internal sealed partial class LeadLog(ILoggerFactory logs)
{
    private const string ClientClosed = "client_closed";

    private readonly ILogger _log = logs.CreateLogger(typeof(IngestionApi));

    /// <summary>Logs what a group's endpoints, and the guards that are put on before this one, answer.</summary>
    internal void Guard(IEndpointConventionBuilder group) => group.Add(endpoint =>
    {
        var inner = endpoint.RequestDelegate!;
        endpoint.RequestDelegate = context => ServeAsync(context, inner);
    });

    private async Task ServeAsync(HttpContext context, RequestDelegate inner)
    {
        try
        {
            await inner(context);
        }
        catch (Exception fault)
        {
            Log(context, context.RequestAborted.IsCancellationRequested ? ClientClosed : (FaultMap.Find(fault) ?? Problem.InternalError()).Code);
            throw;
        }

        Log(context, refused: null);
    }

    private void Log(HttpContext context, string? refused)
    {
        var (level, leadId, outcome) = context.Features.Get<PostOutcome>() switch
        {
            PostOutcome.Created created => (LogLevel.Information, created.LeadId, "created"),
            PostOutcome.Repeated { OtherBytes: true } repeated => (LogLevel.Warning, repeated.LeadId, "conflict"),
            PostOutcome.Repeated repeated => (LogLevel.Information, repeated.LeadId, "duplicate"),
            PostOutcome.Invalid invalid => (LogLevel.Information, invalid.RawId, "invalid"),
            _ => (LogLevel.Information, (Guid?)null, refused ?? context.Features.Get<Problem>()?.Code ?? "refused"),
        };
        if (_log.IsEnabled(level))
        {
            var key = LeadKey.ForLog(LeadKey.Of(context.Request.Headers[IdempotencyKey.Header]));
            LogPost(level, context.Request.Method, IngestionApi.Path, context.TraceIdentifier, key, leadId, outcome);
        }
    }

    [LoggerMessage(Message = "{Method} {Url}: request {XRequestId}, key {IdempotencyKey}, lead {LeadId}: {Outcome}")]
    private partial void LogPost(
        LogLevel level, string method, string url, string xRequestId, string? idempotencyKey, Guid? leadId, string outcome);
}
