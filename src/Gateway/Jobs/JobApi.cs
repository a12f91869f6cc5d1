using System.Text.Json;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Jobs;

/// <summary>Background jobs and how far they have come.</summary>
internal static class JobApi
{
    internal const string Example =
        """{"id":"0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10","kind":"replay","state":"running","total":1200,"done":500,"failed":0,"error":null,"createdAt":"2024-01-15T10:00:00Z","startedAt":"2024-01-15T10:00:01Z","finishedAt":null}""";

    internal static void MapJobs(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/jobs", ListAsync)
            .Describe("listJobs", "Jobs", "List background jobs", "The organization's jobs, newest first.")
            .Paged()
            .Answers<JobsResponse>($$"""{"jobs":[{{Example}}],"next":null}""");
        routes.MapGet("/jobs/{id}", GetAsync)
            .Describe("getJob", "Jobs", "Get a background job", "How far it has come.")
            .InPath("id", "The job.", isUuid: true)
            .Answers<JobView>(Example)
            .Fails(StatusCodes.Status404NotFound);
        routes.MapDelete("/jobs/{id}", CancelAsync)
            .Audited()
            .Describe("cancelJob", "Jobs", "Cancel a background job", "Ends it between two of its steps; what it has done stays. One that has ended stays as it is.")
            .InPath("id", "The job.", isUuid: true)
            .Answers<JobView>(Example.Replace("\"running\"", "\"cancelled\"", StringComparison.Ordinal))
            .Fails(StatusCodes.Status404NotFound);
    }

    internal static void Write(Utf8JsonWriter json, Job job)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, job.Id);
        json.WriteString("kind"u8, job.Kind);
        json.WriteString("state"u8, job.State);
        json.WriteNumber("total"u8, job.Total);
        json.WriteNumber("done"u8, job.Done);
        json.WriteNumber("failed"u8, job.Failed);
        json.WriteString("error"u8, job.Error);
        json.WriteTime("createdAt"u8, job.CreatedAt);
        json.WriteTime("startedAt"u8, job.StartedAt);
        json.WriteTime("finishedAt"u8, job.FinishedAt);
        json.WriteEndObject();
    }

    private static async Task ListAsync(HttpContext context, GrainCalls calls, PageTokens tokens)
    {
        var tenant = context.Tenant();
        var reader = new QueryReader(context.Request.Query);
        var (limit, next, problem) = (reader.Limit(), reader.Text("next"), reader.Problem);
        IdPage? page = null;
        if (problem is not null
            || IdPage.Open(tokens, next, PageToken.Scope("/jobs", tenant.App, tenant.Org)).Failed(out problem, out page))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var jobs = await calls.CallAsync<IJobGrain, (Guid? Before, int Limit), JobPage>(
            tenant.GrainKey, (page.Before, limit), static (grain, asked, token) => grain.ListAsync(asked.Before, asked.Limit, token), context.RequestAborted);
        await JsonAnswer.WriteAsync(
            context.Response, (jobs, jobs is { HasMore: true, Jobs: [.., var last] } ? page.Next(tokens, last.Id) : null), WritePage);
    }

    private static async Task GetAsync(HttpContext context, GrainCalls calls)
    {
        if (IdRoute.Read(context).Failed(out var problem, out var id))
        {
            await context.AnswerAsync(problem);
            return;
        }

        await AnswerAsync(context, await calls.CallAsync<IJobGrain, Guid, Job?>(
            context.Tenant().GrainKey, id, static (grain, id, token) => grain.GetAsync(id, token), context.RequestAborted));
    }

    private static async Task CancelAsync(HttpContext context, GrainCalls calls)
    {
        if (IdRoute.Read(context).Failed(out var problem, out var id))
        {
            await context.AnswerAsync(problem);
            return;
        }

        await AnswerAsync(context, await calls.CallAsync<IJobGrain, (Guid Id, Actor Actor), Job?>(
            context.Tenant().GrainKey,
            (id, context.Caller().Actor),
            static (grain, asked, token) => grain.CancelAsync(asked.Id, asked.Actor, token),
            context.RequestAborted));
    }

    private static Task AnswerAsync(HttpContext context, Job? job) => job is null
        ? context.AnswerAsync(Problem.OfStatus(404) with { Detail = "There is no such job." })
        : JsonAnswer.WriteAsync(context.Response, job, Write);

    private static void WritePage(Utf8JsonWriter json, (JobPage Page, string? Next) answer)
    {
        json.WriteStartObject();
        json.WriteStartArray("jobs"u8);
        foreach (var job in answer.Page.Jobs)
        {
            Write(json, job);
        }

        json.WriteEndArray();
        json.WriteString("next"u8, answer.Next);
        json.WriteEndObject();
    }
}
