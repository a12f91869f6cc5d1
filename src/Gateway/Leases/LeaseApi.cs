using System.Collections.Immutable;
using System.Text.Json;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Idempotency;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Runs;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Leases;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Leases;

internal static class LeaseApi
{
    private const string Id = "0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10";

    internal static void MapLeases(this IEndpointRouteBuilder routes)
    {
        Settling(routes.MapPost("/buffer/ack", AckAsync))
            .Describe("acknowledgeLeases", "Leases", "Acknowledge leases", "Their leads are served for good. A lease that has expired is not held any more, and says so.")
            .Takes<AckRequest>($$"""{"namespace":"campaign-123","leaseIds":["{{Id}}"]}""")
            .Answers<AckResponse>($$"""{"results":[{"leaseId":"{{Id}}","outcome":"acked"}],"acked":1,"notHeld":0}""");
        Settling(routes.MapPost("/buffer/nack", NackAsync))
            .Describe("returnLeases", "Leases", "Give leases back", "Their leads go back to their places, at once or after a delay; after the last attempt a lead is set aside as dead.")
            .Takes<NackRequest>($$"""{"namespace":"campaign-123","leaseIds":["{{Id}}"],"delaySeconds":60}""")
            .Answers<NackResponse>($$"""{"results":[{"leaseId":"{{Id}}","outcome":"returned"}],"returned":1,"dead":0,"notHeld":0}""");
        Settling(routes.MapPost("/buffer/extend", ExtendAsync))
            .Describe("extendLeases", "Leases", "Extend leases", "Each runs this long from now, whether that is later or earlier than before.")
            .Takes<ExtendRequest>($$"""{"namespace":"campaign-123","leaseIds":["{{Id}}"],"leaseSeconds":300}""")
            .Answers<ExtendResponse>($$"""{"results":[{"leaseId":"{{Id}}","outcome":"extended","leaseExpiresAt":"2024-01-15T10:05:00Z"}],"extended":1,"notHeld":0}""");
    }

    private static RouteHandlerBuilder Settling(RouteHandlerBuilder route) =>
        route.Repeatable().Fails(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);

    private static Task AckAsync(HttpContext context, GrainCalls calls, RunScopes runs) =>
        SettleAsync(context, calls, runs, RunTasks.Ack, LeaseInput.ReadAck, LeaseAnswers.WriteAck);

    private static Task NackAsync(HttpContext context, GrainCalls calls, RunScopes runs) =>
        SettleAsync(context, calls, runs, RunTasks.Nack, LeaseInput.ReadNack, LeaseAnswers.WriteNack);

    private static Task ExtendAsync(HttpContext context, GrainCalls calls, RunScopes runs) =>
        SettleAsync(context, calls, runs, RunTasks.Extend, LeaseInput.ReadExtend, LeaseAnswers.WriteExtend);

    private static async Task SettleAsync(
        HttpContext context,
        GrainCalls calls,
        RunScopes runs,
        string task,
        BodyShape<LeaseInput> read,
        Action<Utf8JsonWriter, (ImmutableArray<Guid> Leases, LeaseOutcomes Outcomes)> write)
    {
        if (IdempotencyKey.IsBroken(context, out var problem, out var key)
            || (await JsonBody.ReadAsync(context, JsonBody.SmallLimit, read, key?.Body)).Failed(out problem, out var input))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var tenant = context.Tenant();
        using var run = runs.Begin(input.ParentRunId, tenant, task);
        var keyed = await calls.CallAsync<INamespaceGrain, LeaseCommand, Keyed<LeaseOutcomes>>(
            new NamespaceKey(tenant, input.Namespace).GrainKey,
            key is null ? input.Command : input.Command with { Key = key },
            static (grain, command, token) => grain.SettleAsync(command, token),
            context.RequestAborted);
        if (keyed.Refused(context, out problem, out var outcomes))
        {
            await context.AnswerAsync(problem);
            return;
        }

        run?.Succeed();
        await JsonAnswer.WriteAsync(context.Response, (input.Command.Leases, outcomes), write);
    }
}
