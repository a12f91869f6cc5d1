namespace LeadGrain.Sandbox.Smartlead;

/// <summary>Which of the vendor's two answers to a request the fake gives.</summary>
public enum SmartleadShape
{
    /// <summary>upload_count, total_leads, already_added_to_campaign and the rest.</summary>
    Older,

    /// <summary>added_count, skipped_count, skipped_leads.</summary>
    Newer,

    /// <summary>Now the one and now the other, by the seed.</summary>
    Either,
}

/// <summary>How a <see cref="FakeSmartlead"/> is set up.</summary>
public sealed class FakeSmartleadOptions
{
    /// <summary>The key that callers must send as api_key.</summary>
    public string ApiKey { get; init; } = "sandbox-smartlead-key";

    /// <summary>Requests of one key in any <see cref="Window"/>. The vendor's: 10 in 2 s.</summary>
    public int RateLimit { get; init; } = 10;

    /// <summary>See <see cref="RateLimit"/>.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Requests of one key in any second; null for as many as the window has. Newer accounts: 10, and 60 in 60 s.</summary>
    public int? BurstLimit { get; init; }

    /// <summary>The most leads of one request.</summary>
    public int BatchLimit { get; init; } = 100;

    /// <summary>Leads that the account may still add; null for no end.</summary>
    public int? LeadCredits { get; init; }

    /// <summary>The shape of a 200.</summary>
    public SmartleadShape Shape { get; init; } = SmartleadShape.Older;

    /// <summary>Whether the older shape names the refused leads, as it does by and large, or only counts them.</summary>
    public bool NamesRefused { get; init; } = true;

    /// <summary>
    /// Whether ignore_duplicate_leads_in_other_campaign refuses a lead that another campaign has, as some accounts saw it, and
    /// does not let it in.
    /// </summary>
    public bool RefusesIgnoredDuplicates { get; init; }

    /// <summary>The part of the requests that meets a fault, 0 to 1.</summary>
    public double Faults { get; init; }

    /// <summary>Decides which.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>How slow a slow answer is.</summary>
    public TimeSpan Slowness { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The secret that its webhooks are signed with.</summary>
    public string WebhookSecret { get; init; } = "sandbox-smartlead-webhook-secret";

    /// <summary>Loopback port; 0 for any free one.</summary>
    public int Port { get; init; }

    /// <summary>The clock of the books and of the rate limit.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
