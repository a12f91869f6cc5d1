using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LeadGrain.Sandbox.Smartlead;

/// <summary>The vendor's route, and the books'.</summary>
internal sealed class SmartleadRoutes(FakeSmartleadOptions options, SmartleadScript script, SmartleadBook book, SmartleadWebhooks webhooks)
{
    public const string BasePath = "/api/v1";

    private readonly SmartleadRate _rate = new(options);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost($"{BasePath}/campaigns/{{campaign}}/leads", AddAsync);
        routes.MapGet("/sandbox/books", () => TypedResults.Ok(new
        {
            leads = book.Entries,
            requests = book.Requests,
            busiest = book.Busiest(options.Window),
        }));
        routes.MapPost("/sandbox/webhooks", (Delegate)SendWebhookAsync);
        routes.MapPost("/sandbox/faults", (Delegate)OrderFaultsAsync);
    }

    private async Task AddAsync(HttpContext http, string campaign)
    {
        var exchange = new SmartleadExchange(http, options, script, book, campaign);
        if (_rate.Take(options.Time.GetUtcNow(), http.Request.Query["api_key"].ToString(), http.Response.Headers) is { } seconds)
        {
            await exchange.ThrottledAsync(seconds.ToString(CultureInfo.InvariantCulture), seconds);
        }
        else if (http.Request.Query["api_key"] != options.ApiKey)
        {
            await exchange.FailAsync(401, "UNAUTHORIZED", "API key is invalid.");
        }
        else if (string.IsNullOrEmpty(http.Request.Headers.UserAgent))
        {
            await exchange.FailAsync(403, "FORBIDDEN", "A User-Agent is required.");
        }
        else if (campaign.Contains("missing", StringComparison.Ordinal))
        {
            await exchange.FailAsync(404, "CAMPAIGN_NOT_FOUND", "Campaign not found.");
        }
        else if (await BodyAsync(http) is not { } body || body["lead_list"] is not JsonArray { Count: > 0 } leads)
        {
            await exchange.FailAsync(400, "VALIDATION_ERROR", "\"lead_list\" is required.");
        }
        else if (leads.Count > options.BatchLimit)
        {
            await exchange.FailAsync(400, "VALIDATION_ERROR", $"\"lead_list\" must contain less than or equal to {options.BatchLimit} items.");
        }
        else if (leads.Any(lead => lead is not JsonObject members || members.ContainsKey("company") || members["email"] is null))
        {
            await exchange.FailAsync(422, "VALIDATION_ERROR", "\"company\" is not allowed.");
        }
        else
        {
            await exchange.MeetAsync(script.Take(), leads, body["settings"] as JsonObject);
        }
    }

    private async Task<IResult> SendWebhookAsync(HttpContext http)
    {
        if (await BodyAsync(http) is not { } asked || !Uri.TryCreate((string?)asked["url"], UriKind.Absolute, out var url))
        {
            return TypedResults.BadRequest(new { error = "url, event and email are required." });
        }

        var payload = webhooks.Payload((string?)asked["event"] ?? "EMAIL_BOUNCE", (string?)asked["campaign"] ?? "", (string?)asked["email"] ?? "");
        return TypedResults.Ok(new { status = await webhooks.SendAsync(url, payload, http.RequestAborted) });
    }

    private async Task<IResult> OrderFaultsAsync(HttpContext http)
    {
        if (await BodyAsync(http) is not { } asked || SmartleadFaults.Read(asked, options) is not var (requests, fault))
        {
            return TypedResults.BadRequest(new { error = $"The body must be {{fault, requests}}, a fault being a status from 400 to 599 or {SmartleadFaults.Names}." });
        }

        script.Next(requests, fault);
        return TypedResults.Ok(new { requests });
    }

    private static async Task<JsonObject?> BodyAsync(HttpContext http)
    {
        try
        {
            return await JsonNode.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
