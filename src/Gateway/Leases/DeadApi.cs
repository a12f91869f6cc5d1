using System.Text.Json;
using LeadGrain.Gateway.Buffer;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Namespaces;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Leases;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Leases;

internal static class DeadApi
{
    internal static void MapDeadLeads(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/namespaces/{namespace}/dead", ListAsync)
            .Describe("listDeadLeads", "Leases", "List dead leads", "The leads that were handed out as often as allowed and never acknowledged, the oldest death first.")
            .Paged()
            .Answers<DeadLeadsResponse>("""{"leads":[{"id":"0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10","email":"john@example.com","externalId":"apollo_123","data":{"name":"John"},"priority":0,"brandId":"brand-abc","clerkOrgId":"org_xyz","clerkUserId":"user_123","attempts":5,"diedAt":"2024-01-15T10:00:00Z"}],"next":null}""")
            .Fails(StatusCodes.Status404NotFound);
        routes.MapPost("/namespaces/{namespace}/dead/revive", ReviveAsync)
            .Describe("reviveDeadLeads", "Leases", "Put dead leads back", "They wait again in their places, their attempts at zero.")
            .Takes<ReviveRequest>("""{"ids":["0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10"]}""")
            .Answers<ReviveResponse>("""{"revived":1}""")
            .Fails(StatusCodes.Status404NotFound, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
    }

    private static async Task ListAsync(HttpContext context, GrainCalls calls, PageTokens tokens)
    {
        if (NamespaceRoute.Read(context).Failed(out var problem, out var name))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var tenant = context.Tenant();
        var scope = PageToken.Scope("/namespaces/dead", tenant.App, tenant.Org, name);
        if (ReadPage(context.Request.Query, tokens, scope).Failed(out problem, out var asked))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var page = await calls.CallAsync<INamespaceGrain, PageRequest, DeadLeadPage?>(
            new NamespaceKey(tenant, name).GrainKey,
            asked,
            static (grain, asked, token) => grain.ListDeadAsync(asked.After, asked.Limit, token),
            context.RequestAborted);
        if (page is null)
        {
            await context.AnswerAsync(Problem.NamespaceNotFound());
            return;
        }

        var next = page is { HasMore: true, Leads: [.., var last] } ? tokens.Seal(scope, last.Id.ToByteArray(bigEndian: true)) : null;
        await JsonAnswer.WriteAsync(context.Response, (page, next), WritePage);
    }

    private static async Task ReviveAsync(HttpContext context, GrainCalls calls)
    {
        if (NamespaceRoute.Read(context).Failed(out var problem, out var name)
            || (await JsonBody.ReadAsync<ReviveInput>(context, JsonBody.SmallLimit, ReviveInput.Read)).Failed(out problem, out var input))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var revived = await calls.CallAsync<INamespaceGrain, ReviveInput, long?>(
            new NamespaceKey(context.Tenant(), name).GrainKey,
            input,
            static (grain, input, token) => grain.ReviveAsync(input.Ids, token),
            context.RequestAborted);
        await (revived is { } count
            ? JsonAnswer.WriteAsync(context.Response, count, WriteRevived)
            : context.AnswerAsync(Problem.NamespaceNotFound()));
    }

    private static Parsed<PageRequest> ReadPage(IQueryCollection parameters, PageTokens tokens, byte[] scope)
    {
        var reader = new QueryReader(parameters);
        var limit = reader.Limit();
        var next = reader.Text("next");
        if (reader.Problem is { } problem)
        {
            return problem;
        }

        if (next is null)
        {
            return new PageRequest(Guid.Empty, limit);
        }

        return tokens.Open(scope, next) is { } position ? new PageRequest(new Guid(position, bigEndian: true), limit) : Problem.InvalidNext();
    }

    private static void WritePage(Utf8JsonWriter json, (DeadLeadPage Page, string? Next) answer)
    {
        json.WriteStartObject();
        json.WriteStartArray("leads"u8);
        foreach (var dead in answer.Page.Leads)
        {
            json.WriteStartObject();
            json.WriteString("id"u8, dead.Id);
            BufferAnswers.WriteLead(json, dead.Lead);
            json.WriteNumber("priority"u8, dead.Lead.Priority);
            BufferAnswers.WriteOrigin(json, dead.Origin);
            json.WriteNumber("attempts"u8, dead.Attempts);
            json.WriteString("diedAt"u8, dead.DiedAt.UtcDateTime);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("next"u8, answer.Next);
        json.WriteEndObject();
    }

    private static void WriteRevived(Utf8JsonWriter json, long revived)
    {
        json.WriteStartObject();
        json.WriteNumber("revived"u8, revived);
        json.WriteEndObject();
    }

    private sealed record PageRequest(Guid After, int Limit);
}
