using System.Globalization;
using System.Text.Json;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.GrainInterfaces.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Routing;

internal static class RoutedLeadApi
{
    private const int GuidLength = 16;

    private const string Health = """{"classification":"GREEN","score":100,"checks":[]}""";

    private const string Example =
        $$"""{"id":"0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10","email":"test@example.com","persona":"VP Sales","score":85,"source":"api","status":"ACTIVE","health":{{Health}},"target":{"campaign":"123456"},"ruleId":"0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d11","engagement":null,"data":{"email":"test@example.com"},"createdAt":"2024-01-15T10:00:00Z","updatedAt":"2024-01-15T10:00:01Z"}""";

    internal static void MapRoutedLeads(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/routing/preview", PreviewAsync)
            .Describe("previewRouting", "Routing", "Explain a lead's routing", "How it would be judged and routed now, and why each rule would not have it. Nothing is written.")
            .Query("leadId", "The id that the lead is taken to have; a new one unless told. The split by weights goes by it only where the email is empty.", QueryKind.Uuid)
            .Takes<IngestRequest>(IngestApi.Body)
            .Answers<PreviewResponse>($$"""{"leadId":"0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10","status":"HELD","health":{{Health}},"target":{"campaign":"123456"},"ruleId":"0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d11","rules":[{"ruleId":"0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d11","name":null,"priority":100,"outcome":"won","reason":"The first match by priority."}]}""")
            .Fails(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        routes.MapGet("/routing/leads", ListAsync)
            .Describe("listRoutedLeads", "Routing", "List routed leads", "All leads that were taken in, newest first.")
            .Query("status", "HELD, ACTIVE, BLOCKED or DEAD.")
            .Query("campaign", "Exact campaign.")
            .Query("health", "GREEN, YELLOW or RED.")
            .Query("from", "Taken in at or after this ISO 8601 time.", QueryKind.Time)
            .Query("to", "Taken in before this ISO 8601 time.", QueryKind.Time)
            .Paged()
            .Answers<RoutedLeadsResponse>($$"""{"leads":[{{Example}}],"next":null}""");
        routes.MapGet("/routing/leads/{id}", GetAsync)
            .Describe("getRoutedLead", "Routing", "Get a routed lead", "With its whole body.")
            .InPath("id", "The lead.", isUuid: true)
            .Answers<RoutedLeadView>(Example)
            .Fails(StatusCodes.Status404NotFound);
    }

    private static async Task PreviewAsync(HttpContext context, GrainCalls calls)
    {
        if (ReadLeadId(context.Request.Query, out var leadId) is { } wrong)
        {
            await context.AnswerAsync(wrong);
            return;
        }

        if ((await JsonBody.ReadAsync<NewRoutedLead>(context, JsonBody.SmallLimit, IngestInput.Read)).Failed(out var problem, out var lead))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var preview = await calls.CallAsync<IRoutingGrain, (NewRoutedLead Lead, Guid? LeadId), RoutePreview>(
            context.Tenant().GrainKey,
            (lead, leadId),
            static (grain, asked, token) => grain.PreviewAsync(asked.Lead, asked.LeadId, token),
            context.RequestAborted);
        await JsonAnswer.WriteAsync(context.Response, preview, RoutedLeadAnswers.WritePreview);
    }

    private static async Task ListAsync(HttpContext context, GrainCalls calls, PageTokens tokens)
    {
        var tenant = context.Tenant();
        if (ReadFilter(context.Request.Query, tenant, tokens).Failed(out var problem, out var filter))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var page = await calls.CallAsync<IRoutingGrain, RoutedLeadQuery, RoutedLeadPage>(
            tenant.GrainKey, filter.Query, static (grain, query, token) => grain.ListLeadsAsync(query, token), context.RequestAborted);
        var next = page is { HasMore: true, Leads: [.., var last] } ? tokens.Seal(filter.Scope, last.Id.ToByteArray(bigEndian: true)) : null;
        await JsonAnswer.WriteAsync(context.Response, (page, next), RoutedLeadAnswers.WritePage);
    }

    private static async Task GetAsync(HttpContext context, GrainCalls calls)
    {
        var found = RouteId.TryRead(context, out var id)
            ? await calls.CallAsync<IRoutingGrain, Guid, RoutedLead?>(
                context.Tenant().GrainKey, id, static (grain, id, token) => grain.GetLeadAsync(id, token), context.RequestAborted)
            : null;
        await (found is { } lead
            ? JsonAnswer.WriteAsync(context.Response, lead, RoutedLeadAnswers.Write)
            : context.AnswerAsync(Problem.LeadNotFound()));
    }

    private static Problem? ReadLeadId(IQueryCollection parameters, out Guid? leadId)
    {
        var reader = new QueryReader(parameters);
        leadId = reader.Id("leadId");
        return reader.Problem;
    }

    private static Parsed<Filter> ReadFilter(IQueryCollection parameters, Tenant tenant, PageTokens tokens)
    {
        var reader = new QueryReader(parameters);
        var query = new RoutedLeadQuery(
            reader.Word("status", RoutedStatus.Held, RoutedStatus.Active, RoutedStatus.Blocked, RoutedStatus.Dead),
            reader.Text("campaign"),
            reader.Word("health", "GREEN", "YELLOW", "RED"),
            reader.Time("from"),
            reader.Time("to"),
            Before: null,
            reader.Limit());
        var next = reader.Text("next");
        if (reader.Problem is { } problem)
        {
            return problem;
        }

        var scope = PageToken.Scope(
            "/routing/leads", tenant.App, tenant.Org, query.Status, query.CampaignId, query.Health, Ticks(query.From), Ticks(query.To));
        return next is null ? new Filter(query, scope)
            : tokens.Open(scope, next) is { Length: GuidLength } position
                ? new Filter(query with { Before = new Guid(position, bigEndian: true) }, scope)
                : Problem.InvalidNext();
    }

    private static string? Ticks(DateTimeOffset? time) => time?.UtcTicks.ToString(CultureInfo.InvariantCulture);

    private sealed record Filter(RoutedLeadQuery Query, byte[] Scope);
}
