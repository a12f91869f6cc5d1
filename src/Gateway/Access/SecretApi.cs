using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Access;
using LeadGrain.GrainInterfaces.Audit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Access;

internal static class SecretApi
{
    private const int MaxNameLength = 128;

    private static readonly SearchValues<char> s_nameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");

    private const string NameHelp = "clay-hmac, clay-hmac-previous, clay-token, smartlead-api-key, smartlead-api-key-{campaign}, smartlead-webhook or smartlead-webhook-previous. "
        + "The grid itself keeps webhooks' signing secrets, as webhook-{campaign} and webhook.previous-{campaign}.";

    internal static void MapSecrets(this IEndpointRouteBuilder routes)
    {
        routes.MapPut("/organization/secrets/{name}", SetAsync)
            .AdminOnly().Audited()
            .Describe("setSecret", "Organization", "Set a secret", "Kept sealed, in place of the one of that name; no route tells it again.")
            .InPath("name", NameHelp)
            .Takes<SecretRequest>("""{"value":"a long random text"}""")
            .Answers<SecretResponse>("""{"name":"clay-hmac"}""")
            .Fails(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        routes.MapDelete("/organization/secrets/{name}", DeleteAsync)
            .AdminOnly().Audited()
            .Describe("deleteSecret", "Organization", "Remove a secret", "What needs it stops working within seconds.")
            .InPath("name", NameHelp)
            .Answers<SecretResponse>("""{"name":"clay-hmac"}""")
            .Fails(StatusCodes.Status404NotFound);
        routes.MapGet("/organization/secrets", ListAsync)
            .Describe("listSecrets", "Organization", "List the secrets", "The names of the secrets that are kept, and since when.")
            .Answers<SecretsResponse>("""{"secrets":[{"name":"clay-hmac","updatedAt":"2024-01-15T10:00:00Z"}]}""");
    }

    private static async Task SetAsync(HttpContext context, GrainCalls calls)
    {
        var name = (string)context.GetRouteValue("name")!;
        if (BrokenName(name) is { } broken)
        {
            await context.AnswerAsync(broken);
            return;
        }

        if ((await JsonBody.ReadAsync<SecretText>(context, JsonBody.SmallLimit, Read)).Failed(out var problem, out var secret))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var kept = await calls.CallAsync<IAccessGrain, (string Name, SecretText Secret, Actor Actor), bool>(
            context.Tenant().GrainKey,
            (name, secret, context.Caller().Actor),
            static (grain, asked, token) => grain.SetSecretAsync(asked.Name, asked.Secret, asked.Actor, token),
            context.RequestAborted);
        await (kept ? JsonAnswer.WriteAsync(context.Response, name, WriteName) : context.AnswerAsync(Problem.SecretsNotConfigured()));
    }

    private static async Task DeleteAsync(HttpContext context, GrainCalls calls)
    {
        var name = (string)context.GetRouteValue("name")!;
        var gone = BrokenName(name) is null && await calls.CallAsync<IAccessGrain, (string Name, Actor Actor), bool>(
            context.Tenant().GrainKey,
            (name, context.Caller().Actor),
            static (grain, asked, token) => grain.DeleteSecretAsync(asked.Name, asked.Actor, token),
            context.RequestAborted);
        await (gone ? JsonAnswer.WriteAsync(context.Response, name, WriteName) : context.AnswerAsync(Problem.SecretNotFound()));
    }

    private static async Task ListAsync(HttpContext context, GrainCalls calls)
    {
        var names = await calls.CallAsync<IAccessGrain, int, ImmutableArray<SecretName>>(
            context.Tenant().GrainKey, 0, static (grain, _, token) => grain.ListSecretsAsync(token), context.RequestAborted);
        await JsonAnswer.WriteAsync(context.Response, names, WriteNames);
    }

    private static Problem? BrokenName(string name) =>
        name.Length > MaxNameLength || name.AsSpan().ContainsAnyExcept(s_nameCharacters)
            ? Problem.InvalidParameter("name", $"must be 1 to {MaxNameLength} lower-case letters, digits, dots, - or _.")
            : null;

    private static Parsed<SecretText> Read(JsonElement root)
    {
        var members = new MemberReader(root);
        var value = members.OptionalText("value"u8, SecretText.MaxLength);
        return members.Problem is { } problem ? problem
            : value is null ? Problem.MissingMember("value")
            : string.IsNullOrWhiteSpace(value) ? Problem.InvalidMember("value", "must not be blank.")
            : new SecretText(value);
    }

    private static void WriteName(Utf8JsonWriter json, string name)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        json.WriteEndObject();
    }

    private static void WriteNames(Utf8JsonWriter json, ImmutableArray<SecretName> names)
    {
        json.WriteStartObject();
        json.WriteStartArray("secrets"u8);
        foreach (var secret in names)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, secret.Name);
            json.WriteString("updatedAt"u8, secret.UpdatedAt.UtcDateTime);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
