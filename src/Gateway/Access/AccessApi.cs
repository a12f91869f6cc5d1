using System.Text.Json;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Access;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Access;

internal static class AccessApi
{
    private const string Key = """{"id":"3f9c2b7d1a604e58","name":"Campaign service","scope":"use","createdAt":"2024-01-15T10:00:00Z","revokedAt":null}""";

    internal static void MapKeys(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/organization/keys", AddAsync)
            .AdminOnly().Audited()
            .Describe("createKey", "Organization", "Make a key", "A key that acts for this organization only. It is told this once, and kept as a hash.")
            .Takes<KeyRequest>("""{"name":"Campaign service","scope":"use"}""")
            .Answers<NewKeyResponse>("""{"id":"3f9c2b7d1a604e58","name":"Campaign service","scope":"use","createdAt":"2024-01-15T10:00:00Z","revokedAt":null,"key":"lgk_3f9c2b7d1a604e58_…"}""")
            .Fails(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        routes.MapGet("/organization/keys", ListAsync)
            .AdminOnly()
            .Describe("listKeys", "Organization", "List the keys", "All keys of the organization, revoked ones too, the oldest first; never the keys themselves.")
            .Paged()
            .Answers<KeysResponse>($$"""{"keys":[{{Key}}],"next":null}""");
        routes.MapDelete("/organization/keys/{id}", RevokeAsync)
            .AdminOnly().Audited()
            .Describe("revokeKey", "Organization", "Revoke a key", "It opens nothing here from now on, nor in other gateways within seconds.")
            .InPath("id", "The key's id.")
            .Answers<KeyResponse>(Key)
            .Fails(StatusCodes.Status404NotFound);
    }

    private static async Task AddAsync(HttpContext context, GrainCalls calls)
    {
        if ((await JsonBody.ReadAsync<KeyInput>(context, JsonBody.SmallLimit, KeyInput.Read)).Failed(out var problem, out var input))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var (id, key) = OrganizationKeyText.Make();
        var made = await calls.CallAsync<IAccessGrain, NewKey, OrganizationKey>(
            context.Tenant().GrainKey,
            new NewKey(id, input.Name, input.Scope, SecurityOptions.Hash(key), context.Caller().Actor),
            static (grain, made, token) => grain.AddKeyAsync(made, token),
            context.RequestAborted);
        await JsonAnswer.WriteAsync(context.Response, (made, key), static (json, answer) => Write(json, answer.made, answer.key));
    }

    private static async Task ListAsync(HttpContext context, GrainCalls calls, PageTokens tokens)
    {
        var tenant = context.Tenant();
        if (TextPage.Read(context.Request.Query, tokens, PageToken.Scope("/organization/keys", tenant.App, tenant.Org)).Failed(out var problem, out var asked))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var page = await calls.CallAsync<IAccessGrain, TextPage, KeyPage>(
            tenant.GrainKey, asked, static (grain, asked, token) => grain.ListKeysAsync(asked.After ?? "", asked.Limit, token), context.RequestAborted);
        var next = page is { HasMore: true, Keys: [.., var last] } ? asked.Next(tokens, last.Id) : null;
        await JsonAnswer.WriteAsync(context.Response, (page, next), WritePage);
    }

    private static async Task RevokeAsync(HttpContext context, GrainCalls calls, OrganizationKeys keys)
    {
        var id = (string)context.GetRouteValue("id")!;
        var revoked = OrganizationKeyText.IsId(id)
            ? await calls.CallAsync<IAccessGrain, (string Id, Actor Actor), OrganizationKey?>(
                context.Tenant().GrainKey,
                (id, context.Caller().Actor),
                static (grain, asked, token) => grain.RevokeKeyAsync(asked.Id, asked.Actor, token),
                context.RequestAborted)
            : null;
        if (revoked is null)
        {
            await context.AnswerAsync(Problem.KeyNotFound());
            return;
        }

        keys.Forget(id);
        await JsonAnswer.WriteAsync(context.Response, revoked, static (json, key) => Write(json, key, null));
    }

    private static void WritePage(Utf8JsonWriter json, (KeyPage Page, string? Next) answer)
    {
        json.WriteStartObject();
        json.WriteStartArray("keys"u8);
        foreach (var key in answer.Page.Keys)
        {
            Write(json, key, null);
        }

        json.WriteEndArray();
        json.WriteString("next"u8, answer.Next);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, OrganizationKey key, string? told)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, key.Id);
        json.WriteString("name"u8, key.Name);
        json.WriteString("scope"u8, key.Scope);
        json.WriteString("createdAt"u8, key.CreatedAt.UtcDateTime);
        json.WriteTime("revokedAt"u8, key.RevokedAt);
        if (told is not null)
        {
            json.WriteString("key"u8, told);
        }

        json.WriteEndObject();
    }
}
