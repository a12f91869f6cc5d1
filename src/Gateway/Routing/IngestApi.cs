using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Idempotency;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Overload;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.GrainInterfaces.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Routing;

/// <summary>Leads from their finders: judged, routed, pushed. Its errors are those that its callers know.</summary>
internal static class IngestApi
{
    internal const string Body =
        """{"email":"test@example.com","persona":"VP Sales","lead_score":85,"first_name":"John","last_name":"Doe","company":"Acme Corp","source":"api"}""";

    internal const string Example =
        """{"success":true,"data":{"message":"Lead ingested successfully","leadId":"0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10","assignedCampaignId":"123456","pushedToSmartlead":true,"status":"ACTIVE","health":{"classification":"GREEN","score":100,"checks":[]},"ruleId":"0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d11","namespace":null,"push":{"state":"pushed","reason":null}}}""";

    internal static void MapIngest(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/ingest", IngestAsync)
            .Audited()
            .Describe("ingestLead", "Routing", "Ingest a lead", "Judges, routes and records it in one commit, and pushes it to its campaign. Health is GREEN, YELLOW or RED; RED is blocked.")
            .Query("wait", "Seconds to wait for the push, 0 to 30.", QueryKind.Seconds)
            .Takes<IngestRequest>(Body)
            .Answers<IngestResponse>(Example)
            .WithMetadata(TakesIdempotencyKey.Instance)
            .FailsAs(PlainErrors.Shape,
                StatusCodes.Status409Conflict,
                StatusCodes.Status413PayloadTooLarge,
                StatusCodes.Status415UnsupportedMediaType,
                StatusCodes.Status422UnprocessableEntity);

    private static async Task IngestAsync(HttpContext context, GrainCalls calls, IOptions<GatewayOptions> options)
    {
        if (ReadWait(context.Request.Query, options.Value).Failed(out var problem, out var wait)
            || IdempotencyKey.IsBroken(context, out problem, out var key)
            || (await JsonBody.ReadAsync<NewRoutedLead>(context, JsonBody.SmallLimit, IngestInput.Read, key?.Body)).Failed(out problem, out var lead))
        {
            await context.AnswerAsync(problem);
            return;
        }

        await TakeInAsync(context, calls, context.Tenant(), new IngestCommand(lead, context.Caller().Actor, key), wait);
    }

    /// <summary>How long the answer may wait for the push: the query's own word, or the setting.</summary>
    internal static Parsed<TimeSpan> ReadWait(IQueryCollection parameters, GatewayOptions options)
    {
        var reader = new QueryReader(parameters);
        var seconds = reader.Integer("wait", 0, (int)GatewayOptions.LongestWait.TotalSeconds);
        return reader.Problem is { } problem ? problem : seconds is { } given ? TimeSpan.FromSeconds(given) : options.IngestPushWait;
    }

    /// <summary>Takes a lead in, waits for its push, and answers.</summary>
    internal static async Task TakeInAsync(HttpContext context, GrainCalls calls, Tenant tenant, IngestCommand command, TimeSpan wait)
    {
        var ingested = await calls.CallAsync<IRoutingGrain, IngestCommand, Keyed<IngestOutcome>>(
            tenant.GrainKey, command, static (grain, command, token) => grain.IngestAsync(command, token), context.RequestAborted);
        if (ingested.Refused(context, out var problem, out var outcome))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var push = await AwaitPushAsync(context, calls, tenant, outcome, wait);
        await JsonAnswer.WriteAsync(context.Response, (outcome, push), IngestAnswers.Write);
    }

    // Who waits holds no place among the requests under way. Where too many wait, the answer is that the push is under way.
    private static async Task<PushFate?> AwaitPushAsync(
        HttpContext context, GrainCalls calls, Tenant tenant, IngestOutcome outcome, TimeSpan wait)
    {
        if (outcome is not { Status: RoutedStatus.Held, Target: { } target })
        {
            return outcome is not { Status: RoutedStatus.Active } ? null
                : new PushFate.Pushed(outcome.Target?.Namespace is null ? outcome.CampaignKind : PushFate.Pushed.Namespace);
        }

        if (wait == TimeSpan.Zero || context.Features.Get<InFlightSlot>()?.TryWait(holdsBody: true) == false)
        {
            return PushFate.Pending.Value;
        }

        try
        {
            return await calls.CallAsync<IRoutingGrain, (Guid LeadId, RuleTarget Target, TimeSpan Wait), PushFate>(
                tenant.GrainKey,
                (outcome.LeadId, target, wait),
                static (grain, asked, token) => grain.AwaitPushAsync(asked.LeadId, asked.Target, asked.Wait, token),
                context.RequestAborted,
                extraTime: wait);
        }
        catch (Exception fault) when (fault is OwnershipLostException or StorageUnavailableException or TimeoutException or CallTimedOutException)
        {
            // The lead is committed: it would be taken in twice if its sender were told to come again.
            return PushFate.Pending.Value;
        }
    }
}
