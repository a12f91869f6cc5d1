using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Sandbox.Apollo;

/// <summary>The vendor's routes, and the book's.</summary>
internal sealed class ApolloRoutes(FakeApolloOptions options, ApolloScript script, ApolloBook book)
{
    public const string BasePath = "/api/v1";

    // The vendor's limit of one bulk call.
    private const int BulkLimit = 10;

    private static readonly string[] s_identifiers = ["email", "hashed_email", "id", "linkedin_url", "name", "first_name", "last_name"];

    private readonly ApolloRate _rate = new(options.RatePerMinute, options.Time);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost($"{BasePath}/people/match", MatchAsync);
        routes.MapPost($"{BasePath}/people/bulk_match", BulkMatchAsync);
        routes.MapGet("/sandbox/calls", () => TypedResults.Ok(new { calls = book.Calls, credits = book.Credits }));
    }

    private async Task MatchAsync(HttpContext http)
    {
        var call = new ApolloExchange(http, options.Time, book);
        if (await TurnedAwayAsync(call))
        {
            return;
        }

        var body = await BodyAsync(http);
        string? Asked(string name) => http.Request.Query[name].FirstOrDefault() is { Length: > 0 } value ? value : Text(body, name);
        var email = Asked("email");
        if (s_identifiers.All(name => Asked(name) is null))
        {
            await call.UnprocessableAsync("Please provide at least one of: email, name, linkedin_url");
            return;
        }

        await call.BehaveAsync(script.Take(), email, email is null ? null : ApolloPeople.Of(email));
    }

    private async Task BulkMatchAsync(HttpContext http)
    {
        var call = new ApolloExchange(http, options.Time, book);
        if (await TurnedAwayAsync(call))
        {
            return;
        }

        if ((await BodyAsync(http))?["details"] is not JsonArray { Count: > 0 and <= BulkLimit } details)
        {
            await call.UnprocessableAsync($"details must hold 1 to {BulkLimit} people");
            return;
        }

        var emails = details.Select(detail => Text(detail, "email")).ToArray();
        await call.BulkAsync(script.Take(), emails);
    }

    private async Task<bool> TurnedAwayAsync(ApolloExchange call)
    {
        book.Arrive();
        if (call.Http.Request.Headers["x-api-key"] != options.ApiKey)
        {
            await call.UnauthorizedAsync();
            return true;
        }

        if (_rate.Take(call.Http.Response.Headers) is { } seconds)
        {
            await call.ThrottledAsync(seconds.ToString(System.Globalization.CultureInfo.InvariantCulture));
            return true;
        }

        return false;
    }

    private static string? Text(JsonNode? parent, string name) =>
        parent is JsonObject members && members[name] is JsonValue value && value.TryGetValue<string>(out var text) && text.Length > 0 ? text : null;

    private static async Task<JsonNode?> BodyAsync(HttpContext http)
    {
        try
        {
            return http.Request.HasJsonContentType() && http.Request.ContentLength != 0
                ? await JsonNode.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
