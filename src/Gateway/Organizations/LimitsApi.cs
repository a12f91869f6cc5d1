using System.Text.Json;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Organizations;

internal static class LimitsApi
{
    private const int Largest = 1_000_000;

    private const string Example =
        """{"requestsPerSecond":100,"burst":200,"maxInFlight":null,"effective":{"requestsPerSecond":100,"burst":200,"maxInFlight":1024}}""";

    internal static void MapLimits(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/organization/limits", GetAsync)
            .Describe("getLimits", "Organization", "Get the limits", "What the organization may ask for, as set and as in force.")
            .Answers<LimitsResponse>(Example);
        routes.MapPut("/organization/limits", SetAsync)
            .GridKeyOnly().Audited()
            .Describe("setLimits", "Organization", "Set the limits", "With the grid's key: sets all of the organization's limits; in force here at once, in other gateways within seconds.")
            .Takes<LimitsRequest>("""{"requestsPerSecond":100,"burst":200,"maxInFlight":null}""")
            .Answers<LimitsResponse>(Example)
            .Fails(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
    }

    private static async Task GetAsync(HttpContext context, GrainCalls calls, OrganizationShares shares)
    {
        var set = await calls.CallAsync<IOrganizationGrain, Tenant, OrganizationLimits>(
            context.Tenant().GrainKey, context.Tenant(), static (grain, _, token) => grain.GetLimitsAsync(token), context.RequestAborted);
        await JsonAnswer.WriteAsync(context.Response, (set, shares.LimitsOf(set)), Write);
    }

    private static async Task SetAsync(HttpContext context, GrainCalls calls, OrganizationShares shares)
    {
        if ((await JsonBody.ReadAsync<OrganizationLimits>(context, JsonBody.SmallLimit, Read)).Failed(out var problem, out var limits))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var tenant = context.Tenant();
        await calls.CallAsync<IOrganizationGrain, (OrganizationLimits Limits, Actor Actor), bool>(
            tenant.GrainKey, (limits, context.Caller().Actor), StoreAsync, context.RequestAborted);
        shares.Apply(tenant, limits);
        await JsonAnswer.WriteAsync(context.Response, (limits, shares.LimitsOf(limits)), Write);
    }

    private static async Task<bool> StoreAsync(IOrganizationGrain grain, (OrganizationLimits Limits, Actor Actor) asked, CancellationToken cancellationToken)
    {
        await grain.SetLimitsAsync(asked.Limits, asked.Actor, cancellationToken);
        return true;
    }

    private static Parsed<OrganizationLimits> Read(JsonElement root)
    {
        var members = new MemberReader(root);
        var limits = new OrganizationLimits(
            members.OptionalInteger("requestsPerSecond"u8, 1, Largest),
            members.OptionalInteger("burst"u8, 1, Largest),
            members.OptionalInteger("maxInFlight"u8, 1, Largest));
        return members.Problem is { } problem ? problem : limits;
    }

    private static void Write(Utf8JsonWriter json, (OrganizationLimits Set, EffectiveLimits Effective) limits)
    {
        var (set, effective) = limits;
        json.WriteStartObject();
        json.WriteNumber("requestsPerSecond"u8, set.RequestsPerSecond);
        json.WriteNumber("burst"u8, set.Burst);
        json.WriteNumber("maxInFlight"u8, set.MaxInFlight);
        json.WriteStartObject("effective"u8);
        json.WriteNumber("requestsPerSecond"u8, effective.Quota?.PerSecond);
        json.WriteNumber("burst"u8, effective.Quota?.Burst);
        json.WriteNumber("maxInFlight"u8, effective.MaxInFlight);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
