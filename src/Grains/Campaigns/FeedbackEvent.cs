using System.Text.Json;
using LeadGrain.GrainInterfaces.Buffer;

namespace LeadGrain.Grains.Campaigns;

/// <summary>What a webhook of Smartlead's says.</summary>
/// <param name="Engagement">What became of the lead; null: nothing that is kept.</param>
/// <param name="TargetLeadId">The vendor's id of the lead.</param>
/// <param name="EmailKey">The lead's email.</param>
/// <param name="CampaignId">The campaign in which it happened.</param>
internal sealed record FeedbackEvent(string? Engagement, string? TargetLeadId, string? EmailKey, string? CampaignId)
{
    // The vendor's names hold these words; some of its pages have EMAIL_BOUNCE where others have EMAIL_BOUNCED.
    private static readonly (string Word, string Engagement)[] s_words =
        [("UNSUBSCRIBE", "unsubscribed"), ("BOUNCE", "bounced"), ("COMPLAIN", "complained"), ("SPAM", "complained"), ("REPL", "replied")];

    /// <summary>Reads one; null where it names no event, or neither an id nor an email of a lead. Pure.</summary>
    internal static FeedbackEvent? Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || (Text(root, "event_type") ?? Text(root, "event")) is not { } name)
            {
                return null;
            }

            var id = Text(root, "sl_email_lead_id");
            var email = Text(root, "lead_email") ?? Text(root, "sl_lead_email") ?? Text(root, "to_email");
            var engagement = s_words.FirstOrDefault(w => name.Contains(w.Word, StringComparison.OrdinalIgnoreCase)).Engagement;
            return engagement is not null && id is null && email is null
                ? null
                : new FeedbackEvent(engagement, id, email is null ? null : GrainInterfaces.Buffer.EmailKey.Of(email), Text(root, "campaign_id"));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement owner, string member) => owner.TryGetProperty(member, out var value)
        ? value.ValueKind switch
        {
            JsonValueKind.String => value.GetString() is { Length: > 0 and <= 320 } text && !text.Contains('\0', StringComparison.Ordinal) ? text : null,
            JsonValueKind.Number => value.GetRawText(),
            _ => null,
        }
        : null;
}
