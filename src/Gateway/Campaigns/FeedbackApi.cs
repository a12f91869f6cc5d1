using System.Text.Json;
using System.Text.Json.Serialization;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Organizations;
using LeadGrain.Gateway.Overload;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Pipeline;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Routing;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.GrainInterfaces.Routing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Campaigns;

internal static class FeedbackApi
{
    // An event with the whole reply in it.
    private const int BodyLimit = 1024 * 1024;

    internal const string SignatureHeader = "X-Smartlead-Signature";
    private const string RequestIdHeader = "X-Request-Id";

    internal static void MapFeedback(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/webhooks/smartlead", ReceiveAsync)
            .Describe("receiveSmartleadWebhook", "Campaigns", "Take a webhook of Smartlead's", "Bounces, replies, unsubscriptions and complaints set the lead's engagement and feed the suppression list. Signed with X-Smartlead-Signature: sha256=HEX over the raw body, under the organization's secret smartlead-webhook.")
            .Query("orgId", "For which organization.", isRequired: true)
            .Query("appId", "Of which application; CLAY_APP, as for Clay's deliveries, unless told.")
            .ProvenBy("SmartleadSignature", SignatureHeader, "sha256= and the HMAC-SHA256 of the body's bytes in hexadecimal, under the organization's secret smartlead-webhook.")
            .Header(RequestIdHeader, "Names the webhook, the same for each repeat; without it, the body does.", RequestIdentity.MaxLength)
            .Takes<SmartleadEventShape>("""{"event_type":"EMAIL_BOUNCE","sl_email_lead_id":"1000","lead_email":"john@example.com","campaign_id":"123456"}""")
            .Answers<FeedbackResponse>("""{"outcome":"taken"}""")
            .Fails(StatusCodes.Status400BadRequest, StatusCodes.Status401Unauthorized, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status503ServiceUnavailable);

    private static async Task ReceiveAsync(
        HttpContext context, GrainCalls calls, IOptions<GatewayOptions> options, UnprovenDeliveries unproven, OrganizationShares shares)
    {
        if (DeliveryTenant.Read(context.Request.Query, options.Value.ClayApp, Problem.BadSignature).Failed(out var problem, out var tenant)
            || (await Body.ReadAllAsync(context, BodyLimit)).Failed(out problem, out var body))
        {
            await context.AnswerAsync(problem);
            return;
        }

        var headers = context.Request.Headers;
        var delivery = new FeedbackDelivery(body, headers[RequestIdHeader].FirstOrDefault());
        var proof = new DeliveryProof(DeliverySender.Smartlead, body, headers[SignatureHeader].FirstOrDefault());
        await (await unproven.CheckAsync(tenant, proof, context.RequestAborted) switch
        {
            null => context.AnswerAsync(Problem.Overloaded()),
            false => context.AnswerAsync(Problem.BadSignature()),
            true => shares.ServeAsync(context, tenant, proven => TakeAsync(proven, calls, delivery), repeats429: false),
        });
    }

    private static async Task TakeAsync(HttpContext context, GrainCalls calls, FeedbackDelivery delivery)
    {
        var outcome = await calls.CallAsync<ICampaignsGrain, FeedbackDelivery, FeedbackOutcome>(
            context.Tenant().GrainKey, delivery, static (grain, delivery, token) => grain.ReceiveAsync(delivery, token), context.RequestAborted);
        await (outcome switch
        {
            FeedbackOutcome.Unreadable => context.AnswerAsync(Problem.InvalidJson("The body must be an event of a lead.")),
            _ => JsonAnswer.WriteAsync(context.Response, outcome, static (json, outcome) =>
            {
                json.WriteStartObject();
                json.WriteString("outcome"u8, outcome.ToString().ToLowerInvariant());
                json.WriteEndObject();
            }),
        });
    }
}

/// <summary>An event of Smartlead's, as far as it is read.</summary>
/// <param name="EventType">Such as EMAIL_BOUNCE, EMAIL_REPLY, LEAD_UNSUBSCRIBED.</param>
/// <param name="SlEmailLeadId">The vendor's id of the lead.</param>
/// <param name="LeadEmail">The lead's email, where there is no id.</param>
/// <param name="CampaignId">The campaign in which it happened, as a text or a number; absent: any.</param>
public sealed record SmartleadEventShape(
    [property: JsonPropertyName("event_type")] string EventType,
    [property: JsonPropertyName("sl_email_lead_id")] string? SlEmailLeadId = null,
    [property: JsonPropertyName("lead_email")] string? LeadEmail = null,
    [property: JsonPropertyName("campaign_id")] JsonElement? CampaignId = null);
