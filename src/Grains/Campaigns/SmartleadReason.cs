namespace LeadGrain.Grains.Campaigns;

/// <summary>What Smartlead's words for not adding a lead mean. They are not ours to pass on: they may quote the lead. Pure.</summary>
internal static class SmartleadReason
{
    internal const string Elsewhere = "in another campaign already";

    // Whatever else is said beside one of these, the lead is not in: "already unsubscribed".
    private static readonly (string Word, string Why)[] s_refusals =
    [
        ("invalid", "invalid email"), ("unsub", "unsubscribed"), ("opted", "unsubscribed"), ("opt-out", "unsubscribed"), ("opt_out", "unsubscribed"),
        ("block", "blocked"), ("do not contact", "blocked"), ("do_not_contact", "blocked"), ("suppress", "blocked"),
        ("complain", "blocked"), ("spam", "blocked"), ("bounce", "bounced"), ("other", Elsewhere),
    ];

    /// <summary>Whether the campaign has the lead.</summary>
    internal static bool IsAlready(string reason) => Refusal(reason) is null && (Has(reason, "already") || Has(reason, "duplicate"));

    /// <summary>Why it was refused, in our words.</summary>
    internal static string Why(string reason) => Refusal(reason) ?? "skipped";

    private static string? Refusal(string reason) => s_refusals.FirstOrDefault(refusal => Has(reason, refusal.Word)).Why;

    private static bool Has(string reason, string word) => reason.Contains(word, StringComparison.OrdinalIgnoreCase);
}
