using System.Text.Json;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.GrainInterfaces.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Gate;

internal static class GateApi
{
    private const int FullScore = 100;
    private const int LongestLookBack = 3_650;

    private const string Example =
        """{"greenFrom":80,"yellowFrom":50,"lookBackDays":30,"points":{"syntax":100,"disposableDomain":60,"roleAddress":30,"noMailHost":60,"suppressed":100,"bounced":100,"complained":100,"duplicate":60}}""";

    internal static void MapGate(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/gate", GetAsync)
            .Describe("getGate", "Routing", "Get the health gate", "Thresholds and points by which the organization's leads are judged.")
            .Answers<GateBody>(Example);
        routes.MapPut("/gate", SetAsync)
            .AdminOnly().Audited()
            .Describe("setGate", "Routing", "Set the health gate", "Sets all of it; what is absent gets its default. In force for the next lead.")
            .Takes<GateRequest>(Example)
            .Answers<GateBody>(Example)
            .Fails(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
    }

    private static async Task GetAsync(HttpContext context, GrainCalls calls)
    {
        var settings = await calls.CallAsync<IRoutingGrain, int, GateSettings>(
            context.Tenant().GrainKey, 0, static (grain, _, token) => grain.GetGateAsync(token), context.RequestAborted);
        await JsonAnswer.WriteAsync(context.Response, settings, Write);
    }

    private static async Task SetAsync(HttpContext context, GrainCalls calls)
    {
        if ((await JsonBody.ReadAsync<GateSettings>(context, JsonBody.SmallLimit, Read)).Failed(out var problem, out var settings))
        {
            await context.AnswerAsync(problem);
            return;
        }

        await calls.CallAsync<IRoutingGrain, (GateSettings Settings, Actor Actor), bool>(
            context.Tenant().GrainKey, (settings, context.Caller().Actor), StoreAsync, context.RequestAborted);
        await JsonAnswer.WriteAsync(context.Response, settings, Write);
    }

    private static async Task<bool> StoreAsync(IRoutingGrain grain, (GateSettings Settings, Actor Actor) asked, CancellationToken cancellationToken)
    {
        await grain.SetGateAsync(asked.Settings, asked.Actor, cancellationToken);
        return true;
    }

    private static Parsed<GateSettings> Read(JsonElement root)
    {
        var members = new MemberReader(root);
        var standard = GateSettings.Default;
        var green = members.OptionalInteger("greenFrom"u8, 1, FullScore) ?? standard.GreenFrom;
        var yellow = members.OptionalInteger("yellowFrom"u8, 0, FullScore) ?? Math.Min(standard.YellowFrom, green);
        var lookBack = members.OptionalInteger("lookBackDays"u8, 0, LongestLookBack) ?? standard.LookBackDays;
        var hasPoints = root.TryGetProperty("points"u8, out var given) && given.ValueKind != JsonValueKind.Null;
        if (hasPoints && given.ValueKind != JsonValueKind.Object)
        {
            return Problem.InvalidMember("points", "must be an object.");
        }

        var points = GatePoints.Default;
        var problem = members.Problem;
        if (hasPoints)
        {
            points = ReadPoints(given, out var wrong);
            problem ??= wrong;
        }

        return problem is not null ? problem
            : yellow > green ? Problem.InvalidMember("yellowFrom", "must not be greater than greenFrom.")
            : new GateSettings(green, yellow, lookBack, points);
    }

    private static GatePoints ReadPoints(JsonElement given, out Problem? problem)
    {
        var members = new MemberReader(given);
        var standard = GatePoints.Default;
        var points = new GatePoints(
            members.OptionalInteger("syntax"u8, 0, FullScore) ?? standard.Syntax,
            members.OptionalInteger("disposableDomain"u8, 0, FullScore) ?? standard.DisposableDomain,
            members.OptionalInteger("roleAddress"u8, 0, FullScore) ?? standard.RoleAddress,
            members.OptionalInteger("noMailHost"u8, 0, FullScore) ?? standard.NoMailHost,
            members.OptionalInteger("suppressed"u8, 0, FullScore) ?? standard.Suppressed,
            members.OptionalInteger("bounced"u8, 0, FullScore) ?? standard.Bounced,
            members.OptionalInteger("complained"u8, 0, FullScore) ?? standard.Complained,
            members.OptionalInteger("duplicate"u8, 0, FullScore) ?? standard.Duplicate);
        problem = members.Problem is { Member: { } member } wrong
            ? Problem.InvalidMember($"points.{member}", $"must be a whole number from 0 to {FullScore}.") with { Code = wrong.Code }
            : null;
        return points;
    }

    private static void Write(Utf8JsonWriter json, GateSettings settings)
    {
        var points = settings.Points;
        json.WriteStartObject();
        json.WriteNumber("greenFrom"u8, settings.GreenFrom);
        json.WriteNumber("yellowFrom"u8, settings.YellowFrom);
        json.WriteNumber("lookBackDays"u8, settings.LookBackDays);
        json.WriteStartObject("points"u8);
        json.WriteNumber("syntax"u8, points.Syntax);
        json.WriteNumber("disposableDomain"u8, points.DisposableDomain);
        json.WriteNumber("roleAddress"u8, points.RoleAddress);
        json.WriteNumber("noMailHost"u8, points.NoMailHost);
        json.WriteNumber("suppressed"u8, points.Suppressed);
        json.WriteNumber("bounced"u8, points.Bounced);
        json.WriteNumber("complained"u8, points.Complained);
        json.WriteNumber("duplicate"u8, points.Duplicate);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
