using System.ComponentModel.DataAnnotations;

namespace LeadGrain.Grains.Routing;

/// <summary>Settings of routing.</summary>
public sealed class RoutingOptions
{
    /// <summary>The most leads of one commit.</summary>
    [Range(1, 100_000)]
    public int CommitLeads { get; set; } = 1_000;

    /// <summary>How many commits may be under way at once.</summary>
    [Range(1, 64)]
    public int ConcurrentCommits { get; set; } = 1; // fewer and fuller ones cost the database less than what the wait for the disk loses

    /// <summary>The most leads of one organization that may be on their way to a commit; more are shed.</summary>
    [Range(1, 1_000_000)]
    public int QueueLimit { get; set; } = 10_000;

    /// <summary>How long the secrets that deliveries are checked with are believed; a rotation is seen after this time.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan DeliverySecretsFor { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long what is known of campaigns' daily caps is believed; a change of one is seen after this time.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan CampaignCapsFor { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long after a lead has come into the holding pool the grid first looks at it again; then every minute.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan PoolLookAfter { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How often a process that takes deliveries removes those that are older than their organization's look-back.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")]
    public TimeSpan ForgetDeliveriesEvery { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>After how many failures that are no mere outage a lead bound for a namespace is DEAD.</summary>
    [Range(1, 1_000)]
    public int NamespaceAttempts { get; set; } = 12; // with the waits between them, some four hours, and five at most

    /// <summary>The longest wait between two attempts to bring a lead into its namespace.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan NamespaceRetryLongest { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long a lead bound for a namespace may be on its way before it is pushed again.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan NamespaceRetryAfter { get; set; } = TimeSpan.FromSeconds(30);
}
