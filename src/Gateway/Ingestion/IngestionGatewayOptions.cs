using System.ComponentModel.DataAnnotations;
using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.Gateway.Ingestion;

/// <summary>Who may post leads, and how long posts wait.</summary>
public sealed class IngestionGatewayOptions
{
    /// <summary>
    /// For which organization posts without a key act, as <c>app/org</c>, each part percent-encoded; empty: a key is needed.
    /// Setting <c>INGEST_ORGANIZATION</c>.
    /// </summary>
    public string OpenOrganization { get; set; } = "default/default";

    /// <summary>Origins whose pages may post, such as <c>https://example.com</c>; none: all. Setting <c>CORS_ORIGINS</c>, with commas.</summary>
    public IReadOnlyList<string> Origins { get; set; } = [];

    /// <summary>How long a post waits for its grain to commit it before it is kept without, and then for that.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:05:00")]
    public TimeSpan CommitWait { get; set; } = TimeSpan.FromSeconds(10); // twice what a grain that works takes at most

    /// <summary>The open organization; null: there is none.</summary>
    internal Tenant? Open => string.IsNullOrWhiteSpace(OpenOrganization) ? null : Tenant.FromGrainKey(OpenOrganization.Trim());

    internal bool IsOpenOrganizationValid()
        => string.IsNullOrWhiteSpace(OpenOrganization)
            || (OpenOrganization.Trim().Split('/') is [{ Length: > 0 and <= 255 }, { Length: > 0 and <= 255 }]);
}
