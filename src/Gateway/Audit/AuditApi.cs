using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Audit;

internal static class AuditApi
{
    internal static void MapAudit(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/audit", ListAsync)
            .Describe("listAudit", "Audit", "List the audit log", "Who did what to what, when and why, newest first. It is only ever appended to.")
            .Query("action", "Exact action, such as assigned or rule_changed.")
            .Query("entity", "Exact kind of thing, such as lead or rule.")
            .Query("entityId", "Exact id of it.")
            .Query("actor", "Exact actor: admin, key:…, clay, smartlead or grid.")
            .Query("from", "At or after this ISO 8601 time.", QueryKind.Time)
            .Query("to", "Before this ISO 8601 time.", QueryKind.Time)
            .Paged()
            .Answers<AuditResponse>("""{"entries":[{"id":42,"at":"2024-01-15T10:00:00Z","actor":"admin","action":"assigned","entity":"lead","entityId":"0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10","before":null,"after":{"campaignId":"123456"},"reason":null}],"next":null}""");

    private static async Task ListAsync(HttpContext context, GrainCalls calls, PageTokens tokens)
    {
        var tenant = context.Tenant();
        if (Read(context.Request.Query, tenant, tokens).Failed(out var problem, out var filter))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var page = await calls.CallAsync<IAuditGrain, AuditQuery, AuditPage>(
            tenant.GrainKey, filter.Query, static (grain, query, token) => grain.ListAsync(query, token), context.RequestAborted);
        var next = page is { HasMore: true, Entries: [.., var last] } ? tokens.Seal(filter.Scope, Position(last.Id)) : null;
        await JsonAnswer.WriteAsync(context.Response, (page, next), WritePage);
    }

    private static Parsed<Filter> Read(IQueryCollection parameters, Tenant tenant, PageTokens tokens)
    {
        var reader = new QueryReader(parameters);
        var query = new AuditQuery(
            reader.Text("action"),
            reader.Text("entity"),
            reader.Text("entityId") ?? reader.Text("entity_id"),
            reader.Text("actor"),
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
            "/audit", tenant.App, tenant.Org, query.Action, query.Entity, query.EntityId, query.Actor, Ticks(query.From), Ticks(query.To));
        return next is null ? new Filter(query, scope)
            : tokens.Open(scope, next) is { Length: sizeof(long) } position
                ? new Filter(query with { Before = BinaryPrimitives.ReadInt64BigEndian(position) }, scope)
                : Problem.InvalidNext();
    }

    private static byte[] Position(long id)
    {
        var position = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(position, id);
        return position;
    }

    private static string? Ticks(DateTimeOffset? time) => time?.UtcTicks.ToString(CultureInfo.InvariantCulture);

    private static void WritePage(Utf8JsonWriter json, (AuditPage Page, string? Next) answer)
    {
        json.WriteStartObject();
        json.WriteStartArray("entries"u8);
        foreach (var entry in answer.Page.Entries)
        {
            json.WriteStartObject();
            json.WriteNumber("id"u8, entry.Id);
            json.WriteString("at"u8, entry.At.UtcDateTime);
            json.WriteString("actor"u8, entry.Actor);
            json.WriteString("action"u8, entry.Action);
            json.WriteString("entity"u8, entry.Entity);
            json.WriteString("entityId"u8, entry.EntityId);
            WriteRaw(json, "before"u8, entry.Before);
            WriteRaw(json, "after"u8, entry.After);
            json.WriteString("reason"u8, entry.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("next"u8, answer.Next);
        json.WriteEndObject();
    }

    private static void WriteRaw(Utf8JsonWriter json, ReadOnlySpan<byte> name, byte[]? raw)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(raw ?? "null"u8.ToArray(), skipInputValidation: true);
    }

    private sealed record Filter(AuditQuery Query, byte[] Scope);
}

/// <summary>A page of the audit log, newest first.</summary>
/// <param name="Entries">The page.</param>
/// <param name="Next">To be given as <c>next</c> with the same filters for the following page; null at the end.</param>
public sealed record AuditResponse(IReadOnlyList<AuditView> Entries, string? Next);

/// <summary>One thing that was done.</summary>
/// <param name="Id">Rises with time.</param>
/// <param name="At">When.</param>
/// <param name="Actor">Who: admin (the grid's key), key:… (an organization's), clay, smartlead, or grid (by itself).</param>
/// <param name="Action">What.</param>
/// <param name="Entity">To what kind of thing.</param>
/// <param name="EntityId">Which one.</param>
/// <param name="Before">What it was; null where there was nothing.</param>
/// <param name="After">What it is; null where there is nothing.</param>
/// <param name="Reason">Why.</param>
public sealed record AuditView(
    long Id, DateTimeOffset At, string Actor, string Action, string Entity, string EntityId, JsonElement? Before, JsonElement? After, string? Reason);
