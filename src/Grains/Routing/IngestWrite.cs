using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Audit;

namespace LeadGrain.Grains.Routing;

/// <summary>What was decided of one lead, to be committed.</summary>
/// <param name="OrganizationId">Whose.</param>
/// <param name="Epoch">That the activation has claimed.</param>
/// <param name="Id">Of the lead.</param>
/// <param name="Lead">As it came in.</param>
/// <param name="Health">What the gate found.</param>
/// <param name="Status">HELD or BLOCKED.</param>
/// <param name="Rule">The rule that takes it.</param>
/// <param name="Day">By which that rule's cap counts.</param>
/// <param name="Audit">What to note.</param>
/// <param name="Key">Of the request, where it has one and is no delivery.</param>
/// <param name="Delivery">By what it is told apart from others, where it is a delivery.</param>
internal sealed record IngestWrite(
    long OrganizationId,
    long Epoch,
    Guid Id,
    NewRoutedLead Lead,
    Health Health,
    string Status,
    RoutingRule? Rule,
    DateOnly Day,
    AuditEntry Audit,
    RequestKey? Key = null,
    DeliveryHashes? Delivery = null)
{
    internal RuleTarget? Target => Rule?.Definition.Target;

    internal int? Cap => Rule?.Definition.DailyCap;
}

/// <summary>What became of it. The statement returns these numbers.</summary>
internal enum IngestCommit
{
    /// <summary>Committed.</summary>
    Done = 0,

    /// <summary>The rule has had its leads of the day. Nothing was done.</summary>
    RuleCapReached = 1,

    /// <summary>The campaign has had its leads of the day. Nothing was done.</summary>
    CampaignCapReached = 2,

    /// <summary>Another request with this key, or the same delivery, was committed first. Nothing was done.</summary>
    KeyTaken = 3,

    /// <summary>Another activation routes this organization's leads now. Nothing was done.</summary>
    Fenced = 4,

    /// <summary>The lead is in the holding pool no more. Nothing was done.</summary>
    NotHeld = 5,
}

/// <summary>An email to look up before its lead is judged.</summary>
/// <param name="OrganizationId">Whose.</param>
/// <param name="EmailKey">The email.</param>
/// <param name="EmailHash">By which it is on the suppression list.</param>
/// <param name="Since">The start of the look-back.</param>
internal readonly record struct HistoryQuery(long OrganizationId, string EmailKey, byte[] EmailHash, DateTimeOffset Since);

/// <summary>What is stored of an email.</summary>
/// <param name="Suppressions">The reasons for which it is on the suppression list.</param>
/// <param name="Routed">Where it was routed within the look-back, and when.</param>
internal sealed record EmailHistory(IReadOnlyList<string> Suppressions, IReadOnlyList<(RuleTarget Target, DateTimeOffset At)> Routed)
{
    internal static EmailHistory None { get; } = new([], []);
}
