using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Namespaces;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Namespaces;

internal static class NamespaceApi
{
    private const string Example = """{"namespace":"campaign-123","paused":false,"waiting":8,"leased":3,"dead":1,"served":120,"skipped":2,"oldestWaitingSince":"2024-01-15T10:00:00Z","oldestWaitingAgeSeconds":312,"lastPushAt":"2024-01-15T10:00:00Z","lastPullAt":"2024-01-15T10:05:00Z"}""";

    internal static void MapNamespaces(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/namespaces", ListAsync)
            .Describe("listNamespaces", "Namespaces", "List namespaces", "The organization's namespaces with their counts, by name.")
            .Paged()
            .Answers<NamespacesResponse>($$"""{"namespaces":[{{Example}}],"next":null}""");
        routes.MapGet("/namespaces/{namespace}", GetAsync)
            .Describe("getNamespace", "Namespaces", "Get a namespace", "One namespace's counts.")
            .Answers<NamespaceResponse>(Example)
            .Fails(StatusCodes.Status404NotFound);
        routes.MapPost("/namespaces/{namespace}/pause", PauseAsync)
            .Audited()
            .Describe("pauseNamespace", "Namespaces", "Pause a namespace", "Its pulls answer found: false, paused: true until it is resumed; pushes and acknowledgements go on.")
            .Answers<PausedResponse>("""{"namespace":"campaign-123","paused":true}""")
            .Fails(StatusCodes.Status404NotFound);
        routes.MapPost("/namespaces/{namespace}/resume", ResumeAsync)
            .Audited()
            .Describe("resumeNamespace", "Namespaces", "Resume a namespace", "It hands leads out again.")
            .Answers<PausedResponse>("""{"namespace":"campaign-123","paused":false}""")
            .Fails(StatusCodes.Status404NotFound);
    }

    private static async Task ListAsync(HttpContext context, GrainCalls calls, PageTokens tokens, TimeProvider time)
    {
        var tenant = context.Tenant();
        if (TextPage.Read(context.Request.Query, tokens, PageToken.Scope("/namespaces", tenant.App, tenant.Org)).Failed(out var problem, out var asked))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var page = await calls.CallAsync<IOrganizationGrain, TextPage, NamespacePage>(
            tenant.GrainKey,
            asked,
            static (grain, asked, token) => grain.ListNamespacesAsync(asked.After, asked.Limit, token),
            context.RequestAborted);
        var next = page is { HasMore: true, Namespaces: [.., var last] } ? asked.Next(tokens, last.Name) : null;
        await JsonAnswer.WriteAsync(context.Response, (page, next, time.GetUtcNow()), NamespaceAnswers.WritePage);
    }

    private static async Task GetAsync(HttpContext context, GrainCalls calls, TimeProvider time)
    {
        if (NamespaceRoute.Read(context).Failed(out var problem, out var name))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var status = await calls.CallAsync<IOrganizationGrain, string, NamespaceStatus?>(
            context.Tenant().GrainKey, name, static (grain, name, token) => grain.GetNamespaceAsync(name, token), context.RequestAborted);
        await (status is null
            ? context.AnswerAsync(Problem.NamespaceNotFound())
            : JsonAnswer.WriteAsync(context.Response, (status, time.GetUtcNow()), NamespaceAnswers.WriteStatus));
    }

    private static Task PauseAsync(HttpContext context, GrainCalls calls) => SetPausedAsync(context, calls, paused: true);

    private static Task ResumeAsync(HttpContext context, GrainCalls calls) => SetPausedAsync(context, calls, paused: false);

    private static async Task SetPausedAsync(HttpContext context, GrainCalls calls, bool paused)
    {
        if (NamespaceRoute.Read(context).Failed(out var problem, out var name))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var known = await calls.CallAsync<INamespaceGrain, (bool Paused, Actor Actor), bool>(
            new NamespaceKey(context.Tenant(), name).GrainKey,
            (paused, context.Caller().Actor),
            static (grain, asked, token) => grain.SetPausedAsync(asked.Paused, asked.Actor, token),
            context.RequestAborted);
        await (known
            ? JsonAnswer.WriteAsync(context.Response, (name, paused), NamespaceAnswers.WritePaused)
            : context.AnswerAsync(Problem.NamespaceNotFound()));
    }
}
