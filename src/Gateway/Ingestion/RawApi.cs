using System.Text.Json;
using LeadGrain.Gateway.Audit;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Jobs;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.GrainInterfaces.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;

namespace LeadGrain.Gateway.Ingestion;

/// <summary>The raw log: what was posted, and the way to make leads of it anew.</summary>
internal static partial class RawApi
{
    private const string EntryExample =
        """{"id":"0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10","receivedAt":"2024-01-15T10:00:00.123Z","state":"stored","reason":null,"leadId":"0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10","contentType":"application/json","contentEncoding":null,"bytes":31,"requestId":"req-123"}""";

    internal static void MapRaw(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/raw", ListAsync)
            .Describe("listRaw", "Ingestion", "List the raw log", "Entries without their bodies, newest first.")
            .Query("state", "pending, stored, duplicate, conflict, invalid or failed.")
            .Query("from", "Received at or after this ISO 8601 time.", QueryKind.Time)
            .Query("to", "Received before this ISO 8601 time.", QueryKind.Time)
            .Paged()
            .Answers<RawEntries>($$"""{"entries":[{{EntryExample}}],"next":null}""");
        routes.MapGet("/raw/{id}", GetAsync)
            .Audited()
            .Describe("getRaw", "Ingestion", "Get an entry of the raw log", "With its body, values masked; with redact=false the exact bytes, query and headers, for the scope admin; that is in the audit log.")
            .InPath("id", "The entry.", isUuid: true)
            .Query("redact", "false shows what was posted.")
            .Answers<RawEntryWithBody>(
                $$"""{"entry":{{EntryExample}},"remoteAddress":"203.0.113.0","query":null,"headers":{"User-Agent":"***"},"body":{"email":"***"},"bodyBase64":null}""")
            .Fails(StatusCodes.Status404NotFound);
        routes.MapPost("/raw/replay", ReplayAsync)
            .Audited()
            .Describe("replayRaw", "Ingestion", "Make leads anew", "Starts a job that normalizes entries of the raw log again. All that is given must hold; at least one must be given. What was made of a lead since stays.")
            .Takes<ReplayRequest>("""{"from":"2024-01-15T00:00:00Z","to":"2024-01-16T00:00:00Z","states":["invalid","failed"]}""")
            .Answers<JobView>(JobApi.Example, StatusCodes.Status202Accepted)
            .AnswersHeader(HeaderNames.Location, "Where the job tells how far it is.", StatusCodes.Status202Accepted)
            .Fails(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
    }

    private static async Task ListAsync(HttpContext context, GrainCalls calls, PageTokens tokens)
    {
        if (RawFilter.Read(context.Request.Query, context.Tenant(), tokens).Failed(out var problem, out var filter))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var page = await calls.CallAsync<IIngestionGrain, RawQuery, RawPage>(
            context.Tenant().GrainKey, filter.Query, static (grain, query, token) => grain.ListRawAsync(query, token), context.RequestAborted);
        var next = page is { HasMore: true, Entries: [.., var last] } ? filter.Page.Next(tokens, last.Id) : null;
        await JsonAnswer.WriteAsync(context.Response, (page, next), RawAnswers.WritePage);
    }

    private static async Task GetAsync(HttpContext context, GrainCalls calls, ILoggerFactory logs)
    {
        var query = new QueryReader(context.Request.Query);
        var redact = query.Text("redact");
        if ((query.Problem ?? (redact is null or "true" or "false" ? null : Problem.InvalidParameter("redact", "must be true or false."))) is { } wrong)
        {
            await context.AnswerAsync(wrong);
            return;
        }

        if (redact == "false" && !context.Caller().IsAdmin)
        {
            await context.AnswerAsync(Problem.Forbidden());
            return;
        }

        if (IdRoute.Read(context).Failed(out var problem, out var id))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var document = await calls.CallAsync<IIngestionGrain, Guid, RawDocument?>(
            context.Tenant().GrainKey, id, static (grain, id, token) => grain.GetRawAsync(id, token), context.RequestAborted);
        if (document is null)
        {
            await context.AnswerAsync(Problem.OfStatus(404) with { Detail = "There is no such entry in the raw log." });
            return;
        }

        if (redact == "false")
        {
            await context.NoteAsync(calls, "raw_shown", "raw", $"{id}");
            LogShown(logs.CreateLogger(typeof(RawApi)), id, context.TraceIdentifier);
        }

        await JsonAnswer.WriteAsync(context.Response, (document, redact != "false"), RawAnswers.WriteDocument);
    }

    private static async Task ReplayAsync(HttpContext context, GrainCalls calls)
    {
        if ((await JsonBody.ReadAsync<ReplayCommand>(context, JsonBody.SmallLimit, ReplayInput.Read)).Failed(out var problem, out var command))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var key = context.Tenant().GrainKey;
        var id = await calls.CallAsync<IIngestionGrain, (ReplayCommand Command, Actor Actor), Guid>(
            key,
            (command, context.Caller().Actor),
            static (grain, asked, token) => grain.ReplayAsync(asked.Command, asked.Actor, token),
            context.RequestAborted);
        var job = await calls.CallAsync<IJobGrain, Guid, Job?>(key, id, static (grain, id, token) => grain.GetAsync(id, token), context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.Headers.Location = $"/jobs/{id}";
        await JsonAnswer.WriteAsync(context.Response, job!, JobApi.Write);
    }

    [LoggerMessage(LogLevel.Warning, "Raw entry {RawId} was shown unredacted to request {XRequestId}")]
    private static partial void LogShown(ILogger log, Guid rawId, string xRequestId);
}
