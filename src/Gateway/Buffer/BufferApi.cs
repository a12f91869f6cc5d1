using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Idempotency;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Organizations;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Runs;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Idempotency;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Buffer;

internal static class BufferApi
{
    private const string Lead =
        """{"email":"john@example.com","externalId":"apollo_123","data":{"name":"John"},"brandId":"brand-abc","clerkOrgId":"org_xyz","clerkUserId":"user_123"}""";

    private const string Leased =
        """{"email":"john@example.com","externalId":"apollo_123","data":{"name":"John"},"brandId":"brand-abc","clerkOrgId":"org_xyz","clerkUserId":"user_123","leaseId":"0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10","leaseExpiresAt":"2024-01-15T10:01:00Z","attempt":1}""";

    internal static void MapBuffer(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/buffer/push", PushAsync)
            .Describe("pushLeads", "Buffer", "Push leads", "Buffers leads behind those of their priority that wait, all or none, leaving out those whose email this namespace has served.")
            .Takes<PushRequest>("""{"namespace":"campaign-123","brandId":"brand-abc","clerkOrgId":"org_xyz","clerkUserId":"user_123","parentRunId":"run_abc","leads":[{"email":"john@example.com","externalId":"apollo_123","data":{"name":"John"},"priority":5}]}""")
            .Answers<PushResponse>("""{"buffered":8,"skippedAlreadyServed":2}""")
            .Repeatable()
            .Fails(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        routes.MapPost("/buffer/next", NextAsync)
            .Describe(
                "pullNextLead",
                "Buffer",
                "Pull the next lead or leads",
                "Returns the next unserved lead and marks it as served, durably, before the answer. With leaseSeconds it is handed out for that long only. With count the answer holds leads, an array; without, one lead.")
            .Takes<NextRequest>(
                ("one", """{"namespace":"campaign-123","parentRunId":"run_abc"}"""),
                ("several", """{"namespace":"campaign-123","count":2}"""),
                ("lease", """{"namespace":"campaign-123","leaseSeconds":60}"""),
                ("wait", """{"namespace":"campaign-123","waitSeconds":20}"""))
            .Answers<NextResponse>(
                ("one", $$"""{"found":true,"lead":{{Lead}}}"""),
                ("several", $$"""{"found":true,"leads":[{{Lead}},{"email":"jane@example.com","externalId":null,"data":null,"brandId":"brand-abc","clerkOrgId":null,"clerkUserId":null}]}"""),
                ("lease", $$"""{"found":true,"lead":{{Leased}}}"""),
                ("none", """{"found":false}"""),
                ("paused", """{"found":false,"paused":true}"""))
            .Repeatable()
            .Fails(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType, StatusCodes.Status429TooManyRequests);
    }

    private static async Task PushAsync(HttpContext context, GrainCalls calls, RunScopes runs)
    {
        if (IdempotencyKey.IsBroken(context, out var problem, out var key)
            || (await JsonBody.ReadAsync<PushInput>(context, JsonBody.PushLimit, PushInput.Read, key?.Body, PushReader.TryRead)).Failed(out problem, out var input))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var tenant = context.Tenant();
        using var run = runs.Begin(input.ParentRunId, tenant, RunTasks.Push);
        var keyed = await calls.CallAsync<INamespaceGrain, PushCommand, Keyed<PushOutcome>>(
            new NamespaceKey(tenant, input.Namespace).GrainKey,
            key is null ? input.Command : input.Command with { Key = key },
            static (grain, command, token) => grain.PushAsync(command, token),
            context.RequestAborted);
        if (keyed.Refused(context, out problem, out var outcome))
        {
            await context.AnswerAsync(problem);
            return;
        }

        run?.Succeed();
        await JsonAnswer.WriteAsync(context.Response, outcome, BufferAnswers.WritePush);
    }

    private static async Task NextAsync(HttpContext context, GrainCalls calls, LongPoll longPoll, RunScopes runs)
    {
        if (IdempotencyKey.IsBroken(context, out var problem, out var key)
            || (await JsonBody.ReadAsync<NextInput>(context, JsonBody.SmallLimit, NextInput.Read, key?.Body)).Failed(out problem, out var input))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var tenant = context.Tenant();
        using var run = runs.Begin(input.ParentRunId, tenant, RunTasks.Next);
        var grainKey = new NamespaceKey(tenant, input.Namespace).GrainKey;
        var command = key is null ? input.Command : input.Command with { Key = key };
        var keyed = await (input.Wait > TimeSpan.Zero
            ? longPoll.PullAsync(context, grainKey, command, input.Wait)
            : calls.CallAsync<INamespaceGrain, PullCommand, Keyed<PullOutcome>>(
                grainKey, command, static (grain, command, token) => grain.NextAsync(command, token), context.RequestAborted));
        if (keyed.Refused(context, out problem, out var outcome))
        {
            await context.AnswerAsync(problem);
            return;
        }

        if (outcome is PullOutcome.TooManyLeases { Limit: var limit })
        {
            RateLimitHeaders.SetUsedUp(context.Response.Headers, limit);
            await context.AnswerAsync(Problem.TooManyLeases());
            return;
        }

        run?.Succeed();
        await JsonAnswer.WriteAsync(context.Response, outcome, input.Bulk ? BufferAnswers.WriteBulk : BufferAnswers.WriteNext);
    }
}
