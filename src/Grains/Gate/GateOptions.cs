using System.ComponentModel.DataAnnotations;

namespace LeadGrain.Grains.Gate;

/// <summary>How the health gate finds out about domains. What it makes of that is each organization's own setting.</summary>
public sealed class GateOptions
{
    /// <summary>Whether domains are looked up in the DNS. Setting <c>GATE_DNS</c>, true or false.</summary>
    public bool Dns { get; set; } = true;

    /// <summary>How long a lead waits for the answers about its domain; without one the check does not count.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan DnsTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a domain that takes mail is believed to.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan GoodFor { get; set; } = TimeSpan.FromHours(6);

    /// <summary>How long a domain that takes none is believed not to.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan BadFor { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long a domain of which nobody could tell is not asked for again.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "1.00:00:00")]
    public TimeSpan UnknownFor { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Domains that are remembered; some 150 bytes each.</summary>
    [Range(1, 10_000_000)]
    public int RememberedDomains { get; set; } = 100_000;

    /// <summary>Domains that are asked for at once; of further ones nobody can tell.</summary>
    [Range(1, 10_000)]
    public int DomainsAtOnce { get; set; } = 200;
}
