using System.Collections.Immutable;
using System.Text.Json;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Routing;

/// <summary>The way out of the holding pool for those who do not wait for it to happen by itself.</summary>
internal static class HoldingPoolApi
{
    private const int GuidLength = 16;

    internal static void MapHoldingPool(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/routing/leads/route", RouteAsync)
            .Audited()
            .Describe("routeHeldLeads", "Routing", "Route held leads", "Judges and routes leads of the holding pool by the rules as they are now: some, or all of them a step at a time. A lead is routed once, however often this is asked. A lead whose namespace did not take it to the last attempt gets all its attempts again where its id is given.")
            .Query("next", "Of all: the step before's next.")
            .Takes<PoolRouteRequest>("""{"leadIds":["0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10"]}""")
            .Answers<PoolRouteResponse>("""{"routed":1,"blocked":0,"held":0,"notHeld":0,"next":null}""")
            .Fails(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);

    private static async Task RouteAsync(HttpContext context, GrainCalls calls, PageTokens tokens)
    {
        var tenant = context.Tenant();
        var scope = PageToken.Scope("/routing/leads/route", tenant.App, tenant.Org);
        if (ReadAfter(context.Request.Query, tokens, scope).Failed(out var problem, out var after)
            || (await JsonBody.ReadAsync<Asked>(context, JsonBody.SmallLimit, Read)).Failed(out problem, out var asked))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var outcome = await calls.CallAsync<IRoutingGrain, PoolRouteCommand, PoolRouteOutcome>(
            tenant.GrainKey,
            new PoolRouteCommand(asked.LeadIds, after, context.Caller().Actor),
            static (grain, command, token) => grain.RoutePoolAsync(command, token),
            context.RequestAborted);
        var next = outcome.Last is { } last ? tokens.Seal(scope, last.ToByteArray(bigEndian: true)) : null;
        await JsonAnswer.WriteAsync(context.Response, (outcome, next), Write);
    }

    private static Parsed<Guid> ReadAfter(IQueryCollection parameters, PageTokens tokens, byte[] scope)
    {
        var reader = new QueryReader(parameters);
        var next = reader.Text("next");
        return reader.Problem is { } problem ? problem
            : next is null ? Guid.Empty
            : tokens.Open(scope, next) is { Length: GuidLength } position ? new Guid(position, bigEndian: true)
            : Problem.InvalidNext();
    }

    private static Parsed<Asked> Read(JsonElement root)
    {
        var members = new MemberReader(root);
        var ids = members.OptionalIds("leadIds"u8, PoolRouteCommand.MostIds);
        var all = members.OptionalTrue("all"u8);
        return members.Problem is { } problem ? problem
            : (ids.IsDefault, all) switch
            {
                (true, true) => new Asked(null),
                (false, false) => new Asked(ids),
                (false, true) => Problem.InvalidMember("all", "must not be given together with leadIds."),
                (true, false) => Problem.MissingMember("leadIds") with { Detail = "leadIds is required, or all: true." },
            };
    }

    private static void Write(Utf8JsonWriter json, (PoolRouteOutcome Outcome, string? Next) answer)
    {
        json.WriteStartObject();
        json.WriteNumber("routed"u8, answer.Outcome.Routed);
        json.WriteNumber("blocked"u8, answer.Outcome.Blocked);
        json.WriteNumber("held"u8, answer.Outcome.Held);
        json.WriteNumber("notHeld"u8, answer.Outcome.NotHeld);
        json.WriteString("next"u8, answer.Next);
        json.WriteEndObject();
    }

    private sealed record Asked(ImmutableArray<Guid>? LeadIds);
}

/// <summary>Which leads of the holding pool to route. Exactly one of the two.</summary>
/// <param name="LeadIds">These, at most 1,000.</param>
/// <param name="All">True: all of them, a step at a time.</param>
public sealed record PoolRouteRequest(IReadOnlyList<Guid>? LeadIds = null, bool? All = null);

/// <summary>What became of leads of the holding pool.</summary>
/// <param name="Routed">A rule took them.</param>
/// <param name="Blocked">The health gate blocks them by now.</param>
/// <param name="Held">No rule takes them still.</param>
/// <param name="NotHeld">They are not in the pool: routed already, blocked, or nobody's.</param>
/// <param name="Next">Of all: to be given as <c>next</c> for the following step; null at the end.</param>
public sealed record PoolRouteResponse(int Routed, int Blocked, int Held, int NotHeld, string? Next);
