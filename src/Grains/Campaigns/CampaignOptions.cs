using System.ComponentModel.DataAnnotations;
using System.Globalization;
using LeadGrain.Grains.Outbound;

namespace LeadGrain.Grains.Campaigns;

/// <summary>How leads are pushed to campaigns. Bound from the section Campaigns; Smartlead's address has a variable of its own.</summary>
internal sealed class CampaignOptions : IValidatableObject
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Campaigns";

    /// <summary>Base address of Smartlead or of a service that speaks its API, from SMARTLEAD_SERVICE_URL.</summary>
    public Uri SmartleadUrl { get; set; } = new("https://server.smartlead.ai/api/v1");

    /// <summary>The API key of organizations that have set none of their own, from SMARTLEAD_API_KEY. Null: they cannot push.</summary>
    public string? SmartleadKey { get; set; }

    /// <summary>The most requests of <see cref="SmartleadKey"/> in any <see cref="SmartleadRateWindow"/>, of all organizations together.</summary>
    [Range(1, 1_000)]
    public int SmartleadRateLimit { get; set; } = 10;

    /// <summary>See <see cref="SmartleadRateLimit"/>.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan SmartleadRateWindow { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The most of them in any one second; null: as many as the window has.</summary>
    [Range(1, 1_000)]
    public int? SmartleadBurstLimit { get; set; }

    /// <summary>Allows plain http to other hosts, from ALLOW_INSECURE_OUTBOUND. Keys and emails then travel in clear.</summary>
    public bool AllowInsecureOutbound { get; set; }

    /// <summary>How long one request may take, connecting and reading included.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>The largest answer that is read, in bytes. One of 400 leads is some 40 kB.</summary>
    [Range(1_024, 64 * 1024 * 1024)]
    public int MaxResponseBytes { get; set; } = 1024 * 1024;

    /// <summary>Added to the window of a rate limit: what a service's clock may be coarser or slower than ours.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan RateMargin { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a batch waits for its turn under a rate limit before it gives way; its leads then wait without it.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan LongestRateWait { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest Retry-After that is obeyed as given: daily limits ask for up to a day, and a service's slip must not stop a campaign for ever.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan LongestThrottle { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Seconds before each further attempt of a lead; after the last one it is dead. By default ten attempts in some 16 h.</summary>
    public string RetryDelays { get; set; } = "5,30,120,600,1800,3600,7200,14400,28800";

    /// <summary>The same for webhooks, over three days: endpoints are down for longer.</summary>
    public string WebhookRetryDelays { get; set; } = "5,300,1800,7200,18000,36000,50400,72000,86400";

    /// <summary>A webhook that has failed for so long without a success is switched off, until somebody resumes the campaign.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "365.00:00:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan WebhookOffAfter { get; set; } = TimeSpan.FromDays(5);

    /// <summary>How many posts of one webhook are under way at once.</summary>
    [Range(1, 100)]
    public int WebhookConcurrency { get; set; } = 8;

    /// <summary>A campaign pauses by itself after so many batches in a row that failed.</summary>
    [Range(1, 1_000)]
    public int BreakerFailures { get; set; } = 5;

    /// <summary>For how long, the first time.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan BreakerFirst { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>For how long at most.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan BreakerLongest { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How often campaigns with due pushes are looked for that nobody told of: after a crash, above all.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00", ParseLimitsInInvariantCulture = true)]
    public TimeSpan SweepEvery { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Pushes that one statement of a retry of all makes due: few enough for those that wait behind it.</summary>
    [Range(1, 100_000)]
    public int RetryStep { get; set; } = 10_000;

    /// <summary>Seeds the spreading of waits; null for chance.</summary>
    public int? Seed { get; set; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (OutboundUrl.Objection(SmartleadUrl, AllowInsecureOutbound) is { } objection)
        {
            yield return new ValidationResult($"SMARTLEAD_SERVICE_URL {objection}.");
        }

        if (ParseDelays(RetryDelays) is null)
        {
            yield return new ValidationResult("Campaigns:RetryDelays must be whole seconds, joined by commas.");
        }

        if (ParseDelays(WebhookRetryDelays) is null)
        {
            yield return new ValidationResult("Campaigns:WebhookRetryDelays must be whole seconds, joined by commas.");
        }

        if (BreakerLongest < BreakerFirst)
        {
            yield return new ValidationResult("Campaigns:BreakerLongest must not be less than Campaigns:BreakerFirst.");
        }
    }

    /// <summary>Reads a list of seconds; null where it is none.</summary>
    internal static IReadOnlyList<TimeSpan>? ParseDelays(string text)
    {
        var delays = new List<TimeSpan>();
        foreach (var entry in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!int.TryParse(entry, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            {
                return null;
            }

            delays.Add(TimeSpan.FromSeconds(seconds));
        }

        return delays;
    }
}
