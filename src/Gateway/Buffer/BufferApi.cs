using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Runs;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Buffer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Buffer;

internal static class BufferApi
{
    internal static void MapBuffer(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/buffer/push", PushAsync)
            .Describe("pushLeads", "Buffer", "Push leads", "Buffers leads behind those that wait, all or none, leaving out those whose email this namespace has served.")
            .Takes<PushRequest>("""{"namespace":"campaign-123","brandId":"brand-abc","clerkOrgId":"org_xyz","clerkUserId":"user_123","parentRunId":"run_abc","leads":[{"email":"john@example.com","externalId":"apollo_123","data":{"name":"John"}}]}""")
            .Answers<PushResponse>("""{"buffered":8,"skippedAlreadyServed":2}""")
            .Fails(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        routes.MapPost("/buffer/next", NextAsync)
            .Describe("pullNextLead", "Buffer", "Pull the next lead", "Returns the next unserved lead and marks it as served, durably, before the answer.")
            .Takes<NextRequest>("""{"namespace":"campaign-123","parentRunId":"run_abc"}""")
            .Answers<NextResponse>("""{"found":true,"lead":{"email":"john@example.com","externalId":"apollo_123","data":{"name":"John"},"brandId":"brand-abc","clerkOrgId":"org_xyz","clerkUserId":"user_123"}}""")
            .Fails(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
    }

    private static async Task PushAsync(HttpContext context, GrainCalls calls, RunScopes runs)
    {
        if ((await JsonBody.ReadAsync<PushInput>(context, JsonBody.PushLimit, PushInput.Read)).Failed(out var problem, out var input))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var tenant = context.Tenant();
        using var run = runs.Begin(input.ParentRunId, tenant, RunTasks.Push);
        var outcome = await calls.CallAsync<INamespaceGrain, PushCommand, PushOutcome>(
            new NamespaceKey(tenant, input.Namespace).GrainKey,
            input.Command,
            static (grain, command, token) => grain.PushAsync(command, token),
            context.RequestAborted);
        run?.Succeed();
        await JsonAnswer.WriteAsync(context.Response, outcome, BufferAnswers.WritePush);
    }

    private static async Task NextAsync(HttpContext context, GrainCalls calls, RunScopes runs)
    {
        if ((await JsonBody.ReadAsync<NextInput>(context, JsonBody.SmallLimit, NextInput.Read)).Failed(out var problem, out var input))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var tenant = context.Tenant();
        using var run = runs.Begin(input.ParentRunId, tenant, RunTasks.Next);
        var outcome = await calls.CallAsync<INamespaceGrain, NextInput, PullOutcome>(
            new NamespaceKey(tenant, input.Namespace).GrainKey,
            input,
            static (grain, _, token) => grain.NextAsync(token),
            context.RequestAborted);
        run?.Succeed();
        await JsonAnswer.WriteAsync(context.Response, outcome, BufferAnswers.WriteNext);
    }
}
