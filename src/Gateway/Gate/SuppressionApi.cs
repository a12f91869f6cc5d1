using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.GrainInterfaces.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Gateway.Gate;

internal static class SuppressionApi
{
    private const string Body = """{"emails":["jane@example.com"],"reason":"manual"}""";

    internal static void MapSuppressions(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/suppressions", ListAsync)
            .Describe("listSuppressions", "Routing", "List the suppression list", "Who is not to be contacted, as hashes. Ask with email to see one person's entries.")
            .Query("email", "Of this email only, compared trimmed and lower-cased.")
            .Query("reason", "For this reason only: manual, unsubscribed, bounced or complained.")
            .Paged()
            .Answers<SuppressionsResponse>("""{"suppressions":[{"emailHash":"9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab","reason":"manual","source":"admin","at":"2024-01-15T10:00:00Z"}],"next":null}""");
        routes.MapPost("/suppressions", AddAsync)
            .Audited()
            .Describe("addSuppressions", "Routing", "Suppress emails", "Leads with these emails are judged by it from now on.")
            .Takes<SuppressionRequest>(Body)
            .Answers<SuppressionsAdded>("""{"added":1}""")
            .Fails(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
        routes.MapDelete("/suppressions", RemoveAsync)
            .AdminOnly().Audited()
            .Describe("removeSuppressions", "Routing", "Take emails off the suppression list", "For one reason, or for all.")
            .Takes<SuppressionRequest>(Body)
            .Answers<SuppressionsRemoved>("""{"removed":1}""")
            .Fails(StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType);
    }

    private static Task AddAsync(HttpContext context, GrainCalls calls)
        => ChangeAsync(context, calls, static (grain, change, token) => grain.AddSuppressionsAsync(change, token), "added");

    private static Task RemoveAsync(HttpContext context, GrainCalls calls)
        => ChangeAsync(context, calls, static (grain, change, token) => grain.RemoveSuppressionsAsync(change, token), "removed");

    private static async Task ChangeAsync(
        HttpContext context, GrainCalls calls, Func<IRoutingGrain, SuppressionChange, CancellationToken, Task<int>> call, string member)
    {
        if ((await JsonBody.ReadAsync<SuppressionChange>(context, JsonBody.SmallLimit, Read)).Failed(out var problem, out var change))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var count = await calls.CallAsync(context.Tenant().GrainKey, change with { Actor = context.Caller().Actor }, call, context.RequestAborted);
        await JsonAnswer.WriteAsync(context.Response, (member, count), static (json, answer) =>
        {
            json.WriteStartObject();
            json.WriteNumber(answer.member, answer.count);
            json.WriteEndObject();
        });
    }

    private static Parsed<SuppressionChange> Read(JsonElement root)
    {
        var members = new MemberReader(root);
        var reason = members.OptionalText("reason"u8);
        var array = members.RequiredArray("emails"u8);
        if (members.Problem is { } problem)
        {
            return problem;
        }

        if (reason is not null && !SuppressionReason.All.Contains(reason))
        {
            return Problem.InvalidMember("reason", $"must be one of {string.Join(", ", SuppressionReason.All)}.");
        }

        if (array.GetArrayLength() is < 1 or > SuppressionChange.MaxEmails)
        {
            return Problem.InvalidMember("emails", $"must hold 1 to {SuppressionChange.MaxEmails} emails.");
        }

        var emails = ImmutableArray.CreateBuilder<string>(array.GetArrayLength());
        foreach (var element in array.EnumerateArray())
        {
            var text = element.ValueKind == JsonValueKind.String ? element.GetString()! : "";
            if (NameRules.Broken(text, EmailKey.MaxLength) is { } must)
            {
                return Problem.InvalidMember($"emails[{emails.Count}]", must);
            }

            emails.Add(text);
        }

        return new SuppressionChange(emails.MoveToImmutable(), reason, "");
    }

    private static async Task ListAsync(HttpContext context, GrainCalls calls, PageTokens tokens)
    {
        var tenant = context.Tenant();
        if (ReadFilter(context.Request.Query, tenant, tokens).Failed(out var problem, out var filter))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var page = await calls.CallAsync<IRoutingGrain, SuppressionQuery, SuppressionPage>(
            tenant.GrainKey, filter.Query, static (grain, query, token) => grain.ListSuppressionsAsync(query, token), context.RequestAborted);
        var next = page is { HasMore: true, Entries: [.., var last] }
            ? tokens.Seal(filter.Scope, [.. last.EmailHash, .. Encoding.ASCII.GetBytes(last.Reason)])
            : null;
        await JsonAnswer.WriteAsync(context.Response, (page, next), WritePage);
    }

    private static Parsed<Filter> ReadFilter(IQueryCollection parameters, Tenant tenant, PageTokens tokens)
    {
        var reader = new QueryReader(parameters);
        var email = reader.Text("email") is { } text ? EmailKey.Of(text) : null;
        var query = new SuppressionQuery(reader.Word("reason", SuppressionReason.All.AsSpan()), email, [], "", reader.Limit());
        var next = reader.Text("next");
        if (reader.Problem is { } problem)
        {
            return problem;
        }

        var scope = PageToken.Scope("/suppressions", tenant.App, tenant.Org, query.Reason, query.EmailKey);
        return next is null ? new Filter(query, scope)
            : tokens.Open(scope, next) is { Length: > SHA256.HashSizeInBytes } position
                ? new Filter(
                    query with
                    {
                        AfterHash = position[..SHA256.HashSizeInBytes],
                        AfterReason = Encoding.ASCII.GetString(position[SHA256.HashSizeInBytes..]),
                    },
                    scope)
                : Problem.InvalidNext();
    }

    private static void WritePage(Utf8JsonWriter json, (SuppressionPage Page, string? Next) answer)
    {
        json.WriteStartObject();
        json.WriteStartArray("suppressions"u8);
        foreach (var entry in answer.Page.Entries)
        {
            json.WriteStartObject();
            json.WriteString("emailHash"u8, Convert.ToHexStringLower(entry.EmailHash));
            json.WriteString("reason"u8, entry.Reason);
            json.WriteString("source"u8, entry.Source);
            json.WriteString("at"u8, entry.At.UtcDateTime);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("next"u8, answer.Next);
        json.WriteEndObject();
    }

    private sealed record Filter(SuppressionQuery Query, byte[] Scope);
}
