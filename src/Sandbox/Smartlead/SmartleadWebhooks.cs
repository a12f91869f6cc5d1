using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace LeadGrain.Sandbox.Smartlead;

/// <summary>Sends what the vendor sends of its own accord, signed as the vendor signs it.</summary>
internal sealed class SmartleadWebhooks(FakeSmartleadOptions options, SmartleadBook book) : IDisposable
{
    private readonly HttpClient _client = new();

    /// <summary>The body of an event. An unsubscription names no lead id, as the vendor's does not.</summary>
    public JsonObject Payload(string name, string campaign, string email)
    {
        var payload = new JsonObject
        {
            ["event_type"] = name,
            ["campaign_id"] = long.TryParse(campaign, CultureInfo.InvariantCulture, out var number) ? number : campaign,
            ["message_id"] = "<the-same-for-all-events-of-a-message@mail.example>",
            ["event_timestamp"] = options.Time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture),
        };
        payload[name == "LEAD_UNSUBSCRIBED" ? "lead_email" : "to_email"] = email;
        if (name != "LEAD_UNSUBSCRIBED" && book.Find(campaign, email.ToLowerInvariant()) is { } entry)
        {
            payload["sl_email_lead_id"] = entry.Id;
            payload["lead_email"] = email;
        }

        return payload;
    }

    /// <summary>Sends one; again, under the same id, where the answer is 5xx or does not come.</summary>
    /// <returns>The last status; 0 where none came.</returns>
    public async Task<int> SendAsync(Uri url, JsonObject payload, CancellationToken cancellationToken)
    {
        var body = Encoding.UTF8.GetBytes(payload.ToJsonString());
        var id = Guid.NewGuid().ToString();
        var status = 0;
        for (var attempt = 0; attempt < 3 && status is 0 or >= 500; attempt++)
        {
            status = await TryAsync(url, body, id, cancellationToken);
        }

        return status;
    }

    public void Dispose() => _client.Dispose();

    private async Task<int> TryAsync(Uri url, byte[] body, string id, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        var mac = HMACSHA256.HashData(Encoding.UTF8.GetBytes(options.WebhookSecret), body);
        request.Headers.Add("X-Smartlead-Signature", $"sha256={Convert.ToHexStringLower(mac)}");
        request.Headers.Add("X-Request-Id", id);
        try
        {
            using var response = await _client.SendAsync(request, cancellationToken);
            return (int)response.StatusCode;
        }
        catch (HttpRequestException)
        {
            return 0;
        }
    }
}
