using System.Net.Http.Headers;
using System.Text.Json;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Outbound;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Campaigns;

/// <summary>Posts leads, each by itself and signed by Standard Webhooks, to an address of the campaign's.</summary>
internal sealed class WebhookTarget(CampaignHttp http, CampaignSecrets secrets, IOptions<CampaignOptions> options, TimeProvider time) : ICampaignTarget
{
    // Most limits count by the minute or less.
    private static readonly TimeSpan s_throttle = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public string Kind => "webhook";

    /// <inheritdoc/>
    public int BatchLimit(PushOrder order) => 1;

    /// <inheritdoc/>
    public int RequestsAtOnce => options.Value.WebhookConcurrency;

    /// <inheritdoc/>
    public async Task<PushResult[]> PushAsync(PushOrder order, IReadOnlyList<OutboundLead> leads, CancellationToken cancellationToken)
    {
        var url = ((CampaignSettings.Webhook)order.Settings).Url;
        // Again at each push: the process may have been told to be stricter since the campaign was set up.
        if (OutboundAddress.Refusal("url", url, options.Value.AllowInsecureOutbound) is { } refusal)
        {
            return [.. leads.Select(_ => new PushResult.Stop(refusal))];
        }

        var keys = await secrets.SigningKeysAsync(order.OrganizationId, order.Key.CampaignId);
        return keys is []
            ? [.. leads.Select(_ => new PushResult.Stop("no signing secret: rotate it to make one"))]
            : await Task.WhenAll(leads.Select(lead => PostAsync(order, new Uri(url), keys, lead, cancellationToken)));
    }

    private async Task<PushResult> PostAsync(
        PushOrder order, Uri url, IReadOnlyList<string> keys, OutboundLead lead, CancellationToken cancellationToken)
    {
        var (id, now, body) = ($"lead_{lead.Id:n}", time.GetUtcNow(), Body(order, lead));
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add(StandardWebhook.IdHeader, id);
        request.Headers.Add(StandardWebhook.TimestampHeader, StandardWebhook.Timestamp(now));
        request.Headers.Add(StandardWebhook.SignatureHeader, StandardWebhook.Sign(keys, id, now, body));
        return await http.SendAsync(request, cancellationToken, readsBody: false) switch
        {
            OutboundReply.Answered answer => Read((int)answer.Status, answer.RetryAfter, now),
            OutboundReply.Lost(var why) => new PushResult.RetryAt(null, why),
            var other => throw new InvalidOperationException($"No such reply: {other}."),
        };
    }

    // An endpoint that answers 404 or 400 is being deployed as often as it is wrong, and never refuses a lead for good.
    private PushResult Read(int status, TimeSpan? retryAfter, DateTimeOffset now) => status switch
    {
        >= 200 and < 300 => new PushResult.Accepted(),
        410 => new PushResult.Stop("410: the endpoint is gone"),
        429 => new PushResult.RetryAt(now + Bounded(retryAfter ?? s_throttle), "429", Counts: false, ForAll: true),
        408 or >= 500 when retryAfter is { } wait => new PushResult.RetryAt(now + Bounded(wait), $"{status}", ForAll: true),
        _ => new PushResult.RetryAt(null, $"{status}"),
    };

    private TimeSpan Bounded(TimeSpan wait) => wait < options.Value.LongestThrottle ? wait : options.Value.LongestThrottle;

    /// <summary>The same bytes at each attempt.</summary>
    private static byte[] Body(PushOrder order, OutboundLead lead)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("type", "lead.pushed");
            json.WriteString("timestamp", lead.CreatedAt.UtcDateTime);
            json.WriteStartObject("data");
            json.WriteString("leadId", lead.Id);
            json.WriteString("campaignId", order.Key.CampaignId);
            json.WriteString("email", lead.Email);
            json.WriteString("persona", lead.Persona);
            if (lead.Score is { } score)
            {
                json.WriteNumber("score", score);
            }

            json.WritePropertyName("lead");
            json.WriteRawValue(lead.Data);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }
}
