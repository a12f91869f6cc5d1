using LeadGrain.GrainInterfaces.Campaigns;

namespace LeadGrain.Grains.Campaigns;

/// <summary>A kind of campaign that leads are pushed to. Implementations are shared by all campaigns of a process, at once.</summary>
internal interface ICampaignTarget
{
    /// <summary>Which <see cref="CampaignSettings.Kind"/> it serves.</summary>
    string Kind { get; }

    /// <summary>The most leads of one request.</summary>
    int BatchLimit(PushOrder order);

    /// <summary>Requests of one campaign that may be under way.</summary>
    int RequestsAtOnce { get; }

    /// <summary>
    /// Pushes leads once. Whatever goes wrong is an outcome: a lead whose fate is not known is <see cref="PushResult.RetryAt"/>,
    /// and pushing it again must not double it.
    /// </summary>
    /// <returns>An outcome for each lead, in order.</returns>
    Task<PushResult[]> PushAsync(PushOrder order, IReadOnlyList<OutboundLead> leads, CancellationToken cancellationToken);
}

/// <summary>For which campaign, and how.</summary>
/// <param name="Key">The campaign.</param>
/// <param name="OrganizationId">Its owner's id, under which its secrets are kept.</param>
/// <param name="Settings">Its own settings.</param>
/// <param name="Smartlead">The organization's settings of Smartlead.</param>
internal sealed record PushOrder(CampaignKey Key, long OrganizationId, CampaignSettings Settings, SmartleadSettings Smartlead);

/// <summary>A lead on its way out.</summary>
/// <param name="Id">Ours.</param>
/// <param name="Email">As given.</param>
/// <param name="Data">The whole body as it came in: raw UTF-8 JSON.</param>
/// <param name="Attempts">Made so far, the one under way included.</param>
/// <param name="Persona">What it was routed by.</param>
/// <param name="Score">What it was routed by.</param>
/// <param name="CreatedAt">When it came.</param>
/// <param name="LastError">Why it was not taken the last time, if it was sent before.</param>
internal sealed record OutboundLead(
    Guid Id,
    string Email,
    byte[] Data,
    int Attempts = 1,
    string? Persona = null,
    double? Score = null,
    DateTimeOffset CreatedAt = default,
    string? LastError = null);
