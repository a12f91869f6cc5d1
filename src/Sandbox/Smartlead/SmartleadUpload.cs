using System.Text.Json.Nodes;

namespace LeadGrain.Sandbox.Smartlead;

/// <summary>Why the vendor does not take a lead.</summary>
internal enum SmartleadRefusal
{
    Invalid,
    Unsubscribed,
    Blocked,
    Bounced,
    ElsewhereAlready,
}

/// <summary>One request's leads, sorted into those that are taken and those that are not; and what is said of it.</summary>
internal sealed class SmartleadUpload
{
    private readonly List<SmartleadEntry> _added = [];
    private readonly List<SmartleadEntry> _already = [];
    private readonly List<SmartleadEntry> _elsewhere = [];
    private readonly List<(string Email, SmartleadRefusal Why)> _refused = [];
    private readonly int _count;
    private readonly bool _returnIds;
    private bool _exhausted;

    /// <summary>Sorts the leads, and enters those that are taken in the book.</summary>
    public SmartleadUpload(SmartleadBook book, string campaign, JsonArray leads, JsonObject? settings, FakeSmartleadOptions options)
    {
        _count = leads.Count;
        _returnIds = Flag(settings, "return_lead_ids");
        foreach (var lead in leads)
        {
            Take(book, campaign, lead as JsonObject, settings, options);
        }
    }

    /// <summary>Whether credits ran out before all leads were in.</summary>
    public bool Exhausted => _exhausted && _added.Count + _already.Count == 0;

    public JsonObject Answer(SmartleadShape shape, bool namesRefused) => shape == SmartleadShape.Newer ? Newer() : Older(namesRefused);

    public static JsonObject NoCredits() => new()
    {
        ["ok"] = false,
        ["is_lead_limit_exhausted"] = true,
        ["error"] = "Lead limit exhausted. Please upgrade your plan.",
    };

    private void Take(SmartleadBook book, string campaign, JsonObject? lead, JsonObject? settings, FakeSmartleadOptions options)
    {
        var email = Text(lead, "email")?.Trim().ToLowerInvariant() ?? "";
        if (Refusal(email, settings) is { } why)
        {
            _refused.Add((email, why));
        }
        else if (MayNotBeElsewhere(settings, options) && book.FindElsewhere(campaign, email) is { } other)
        {
            _refused.Add((email, SmartleadRefusal.ElsewhereAlready));
            _elsewhere.Add(other);
        }
        else if (book.Find(campaign, email) is null && book.Count >= options.LeadCredits)
        {
            _exhausted = true;
        }
        else
        {
            var entry = book.Add(campaign, email, lead!.ToJsonString(), out var isNew);
            (isNew ? _added : _already).Add(entry);
        }
    }

    // A lead is known by its address, so that a scenario can be played with curl.
    private static SmartleadRefusal? Refusal(string email, JsonObject? settings)
    {
        bool Is(string word) => email.Contains(word, StringComparison.Ordinal);
        return email.IndexOf('@', StringComparison.Ordinal) is < 1 || Is("invalid") ? SmartleadRefusal.Invalid
            : Is("unsubscribed") && !Flag(settings, "ignore_unsubscribe_list") ? SmartleadRefusal.Unsubscribed
            : Is("blocked") && !Flag(settings, "ignore_global_block_list") ? SmartleadRefusal.Blocked
            : Is("bounced") && !Flag(settings, "ignore_community_bounce_list") ? SmartleadRefusal.Bounced
            : null;
    }

    // What the setting's true means is contested: see the option.
    private static bool MayNotBeElsewhere(JsonObject? settings, FakeSmartleadOptions options) =>
        Flag(settings, "ignore_duplicate_leads_in_other_campaign") == options.RefusesIgnoredDuplicates;

    private JsonObject Older(bool namesRefused)
    {
        var unsubscribed = Emails(SmartleadRefusal.Unsubscribed);
        var answer = new JsonObject
        {
            ["ok"] = true,
            ["upload_count"] = _count, // what was sent, and no word of what was taken
            ["total_leads"] = _added.Count,
            ["already_added_to_campaign"] = _already.Count,
            ["duplicate_count"] = Number(SmartleadRefusal.ElsewhereAlready),
            ["invalid_email_count"] = Number(SmartleadRefusal.Invalid),
            ["invalid_emails"] = namesRefused ? Emails(SmartleadRefusal.Invalid) : new JsonArray(),
            ["unsubscribed_leads"] = namesRefused ? unsubscribed : unsubscribed.Count,
            ["block_count"] = Number(SmartleadRefusal.Blocked),
            ["bounce_count"] = Number(SmartleadRefusal.Bounced),
            ["is_lead_limit_exhausted"] = _exhausted,
        };
        if (_returnIds)
        {
            answer["emailToLeadIdMap"] = new JsonObject
            {
                ["newlyAddedLeads"] = Ids(_added),
                ["existingLeads"] = Ids(_already),
                ["existingLeadsInOtherCampaigns"] = Ids(_elsewhere),
            };
        }

        return answer;
    }

    private JsonObject Newer()
    {
        var skipped = new JsonArray();
        foreach (var (email, why) in _refused)
        {
            skipped.Add(new JsonObject { ["email"] = email, ["reason"] = Word(why) });
        }

        foreach (var entry in _already)
        {
            skipped.Add(new JsonObject { ["email"] = entry.Email, ["reason"] = "already_in_campaign" });
        }

        return new JsonObject
        {
            ["success"] = true,
            ["added_count"] = _added.Count,
            ["skipped_count"] = skipped.Count,
            ["skipped_leads"] = skipped,
        };
    }

    private static string Word(SmartleadRefusal why) => why switch
    {
        SmartleadRefusal.Invalid => "invalid_email",
        SmartleadRefusal.Unsubscribed => "unsubscribed",
        SmartleadRefusal.Blocked => "block_list",
        SmartleadRefusal.Bounced => "bounced",
        _ => "exists_in_other_campaign",
    };

    private int Number(SmartleadRefusal why) => _refused.Count(refused => refused.Why == why);

    private JsonArray Emails(SmartleadRefusal why) =>
        new([.. _refused.Where(refused => refused.Why == why).Select(refused => (JsonNode)refused.Email)]);

    private static JsonObject Ids(List<SmartleadEntry> entries) =>
        new(entries.DistinctBy(entry => entry.Email).Select(entry => KeyValuePair.Create<string, JsonNode?>(entry.Email, entry.Id)));

    private static bool Flag(JsonObject? settings, string name) =>
        settings?[name] is JsonValue value && value.TryGetValue<bool>(out var on) && on;

    private static string? Text(JsonObject? lead, string name) =>
        lead?[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
