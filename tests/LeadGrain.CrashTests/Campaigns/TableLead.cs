using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace LeadGrain.CrashTests.Campaigns;

/// <summary>A lead and what the table of statuses says of it in the end.</summary>
/// <param name="Email">Its email.</param>
/// <param name="Persona">By which it is routed.</param>
/// <param name="IsClays">Whether Clay delivers it.</param>
/// <param name="Health">As the gate judges it.</param>
/// <param name="Status">RED is BLOCKED, no match is HELD, pushed is ACTIVE, refused for good is DEAD.</param>
internal sealed record TableLead(string Email, string Persona, bool IsClays, string Health, string Status)
{
    internal const string ClaySecret = "clay secret of the crash tests";

    /// <summary>As the database should have it.</summary>
    internal string Row => $"{Email} {Health} {Status} {(Status is "BLOCKED" or "HELD" ? "no campaign" : "campaign")}";

    /// <summary>A mix: of 40 leads each, one RED, two YELLOW, two without a rule, two that the vendor refuses; every tenth by Clay.</summary>
    internal static TableLead[] Many(int count, string[] campaigns) =>
        [.. Enumerable.Range(0, count).Select(i => Of(i, $"persona {campaigns[i % campaigns.Length]}"))];

    /// <summary>The lead's delivery: the same whenever it is sent.</summary>
    internal HttpRequestMessage Request()
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new { email = Email, persona = Persona, lead_score = 85, company = "Acme" });
        var path = IsClays ? "/api/ingest/clay?orgId=tests&appId=crash&wait=0" : "/api/ingest?wait=0";
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        if (IsClays)
        {
            var mac = HMACSHA256.HashData(Encoding.UTF8.GetBytes(ClaySecret), body);
            request.Headers.Add("X-Clay-Signature", $"sha256={Convert.ToHexStringLower(mac)}");
            request.Headers.Add("X-Clay-Delivery-Id", Email);
        }
        else
        {
            request.Headers.Add("Idempotency-Key", Email);
        }

        return request;
    }

    private static TableLead Of(int i, string persona)
    {
        var isClays = i % 10 == 3;
        return (i % 40) switch
        {
            7 => new($"invalid{i}@crash.example", persona, isClays, "GREEN", "DEAD"),
            23 => new($"unsubscribed{i}@crash.example", persona, isClays, "GREEN", "DEAD"),
            13 => new($"suppressed{i}@crash.example", persona, isClays, "RED", "BLOCKED"),
            17 or 33 => new($"info@crash{i}.example", persona, isClays, "YELLOW", "ACTIVE"),
            3 or 29 => new($"unmatched{i}@crash.example", "nobody", isClays, "GREEN", "HELD"),
            _ => new($"lead{i}@crash.example", persona, isClays, "GREEN", "ACTIVE"),
        };
    }
}
