using System.Text.Json;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Crm;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace LeadGrain.Gateway.Crm;

/// <summary>Leads as people work on them.</summary>
internal static class CrmApi
{
    private const string LeadExample =
        """{"id":"0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10","click_id":"12345","country":"LV","creo":null,"description":null,"domain":null,"email":"user@example.com","firstName":"John","ip":null,"lang":"lv","lastName":"Doe","marker":null,"offer":"Baltic Capital Native","phone":"+371123456789","sourcetype":"web","extra":{"utm":"x"},"status":"called","assignedTo":"ann","notes":null,"version":2,"createdAt":"2024-01-15T10:00:00Z","updatedAt":"2024-01-15T11:00:00Z"}""";

    private const string HistoryExample =
        $$"""{"lead":{{LeadExample}},"history":[{"version":2,"changedAt":"2024-01-15T11:00:00Z","changedBy":"ann","field":"status","before":"new","after":"called"}]}""";

    internal static void MapCrm(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/crm/leads", ListAsync)
            .Describe("listLeads", "CRM", "List leads", "The organization's leads, newest first.")
            .Filtered()
            .Paged()
            .Answers<CrmLeads>($$"""{"leads":[{{LeadExample}}],"next":null}""");
        routes.MapGet("/crm/leads/{id}", GetAsync)
            .Describe("getLead", "CRM", "Get a lead", "With its history.")
            .InPath("id", "The lead.", isUuid: true)
            .Answers<CrmLeadWithHistory>(HistoryExample)
            .AnswersHeader(HeaderNames.ETag, "The version that a change with If-Match names.")
            .Fails(StatusCodes.Status404NotFound);
        routes.MapPatch("/crm/leads/{id}", ChangeAsync)
            .Describe("changeLead", "CRM", "Change a lead", "Sets what is given; null clears. X-User-Id says who; If-Match or version guard against changes meanwhile.")
            .InPath("id", "The lead.", isUuid: true)
            .Header(CrmChangeInput.UserHeader, "Who changes it, for its history.", MemberReader.MaxIdLength)
            .Header(HeaderNames.IfMatch, "The ETag of an earlier answer: where the lead was changed since, nothing is done, and the answer is 412. It counts before version.")
            .Takes<CrmChangeRequest>("""{"status":"called","assignedTo":"ann","notes":null,"version":1}""")
            .Answers<CrmLeadWithHistory>(HistoryExample)
            .AnswersHeader(HeaderNames.ETag, "The version that a change with If-Match names.")
            .Fails(StatusCodes.Status404NotFound, StatusCodes.Status412PreconditionFailed)
            .Fails(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        routes.MapCrmFiles();
    }

    internal static RouteHandlerBuilder Filtered(this RouteHandlerBuilder route) => route
        .Query("status", "Exact status.")
        .Query("assignee", "Exact assignee; assignedTo is another name of it.")
        .Query("country", "Exact country.")
        .Query("offer", "Exact offer.")
        .Query("source", "Exact sourcetype, which is another name of it.")
        .Query("q", "Part of name, email, phone or description, in any case.")
        .Query("from", "Received at or after this ISO 8601 time.", QueryKind.Time)
        .Query("to", "Received before this ISO 8601 time.", QueryKind.Time);

    private static async Task ListAsync(HttpContext context, GrainCalls calls, PageTokens tokens)
    {
        if (CrmFilter.Read(context.Request.Query, context.Tenant(), tokens).Failed(out var problem, out var filter))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var page = await calls.CallAsync<ICrmGrain, CrmQuery, CrmPage>(
            context.Tenant().GrainKey, filter.Query, static (grain, query, token) => grain.ListAsync(query, token), context.RequestAborted);
        var next = page is { HasMore: true, Leads: [.., var last] } ? filter.Page.Next(tokens, last.Id) : null;
        await JsonAnswer.WriteAsync(context.Response, (page, next), CrmAnswers.WritePage);
    }

    private static async Task GetAsync(HttpContext context, GrainCalls calls)
    {
        if (IdRoute.Read(context).Failed(out var problem, out var id))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var lead = await calls.CallAsync<ICrmGrain, Guid, CrmHistory?>(
            context.Tenant().GrainKey, id, static (grain, id, token) => grain.GetAsync(id, token), context.RequestAborted);
        await (lead is null ? context.AnswerAsync(NotFound()) : AnswerAsync(context, lead));
    }

    private static async Task ChangeAsync(HttpContext context, GrainCalls calls)
    {
        if (IdRoute.Read(context).Failed(out var problem, out var id)
            || (await JsonBody.ReadAsync<CrmChange>(context, JsonBody.SmallLimit, CrmChangeInput.Read)).Failed(out problem, out var change)
            || CrmChangeInput.Complete(change, id, context.Request.Headers).Failed(out problem, out change))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var outcome = await calls.CallAsync<ICrmGrain, CrmChange, CrmOutcome>(
            context.Tenant().GrainKey, change, static (grain, change, token) => grain.ChangeAsync(change, token), context.RequestAborted);
        await (outcome switch
        {
            CrmOutcome.Changed changed => AnswerAsync(context, changed.Lead),
            CrmOutcome.OtherVersion other => context.AnswerAsync(
                new Problem(412, ProblemCodes.VersionMismatch, "Version mismatch", $"The lead was changed meanwhile; its version is {other.Version}.")),
            _ => context.AnswerAsync(NotFound()),
        });
    }

    private static Task AnswerAsync(HttpContext context, CrmHistory lead)
    {
        context.Response.Headers.ETag = $"\"{lead.Lead.Version}\"";
        return JsonAnswer.WriteAsync(context.Response, lead, CrmAnswers.WriteHistory);
    }

    private static Problem NotFound() => Problem.OfStatus(404) with { Detail = "There is no such lead." };
}
