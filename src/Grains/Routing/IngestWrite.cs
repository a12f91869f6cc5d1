using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Idempotency;

namespace LeadGrain.Grains.Routing;

/// <summary>What was decided of one lead, to be committed.</summary>
/// <param name="OrganizationId">Whose.</param>
/// <param name="Id">Of the lead.</param>
/// <param name="Lead">As it came in.</param>
/// <param name="Health">What the gate found.</param>
/// <param name="Status">HELD or BLOCKED.</param>
/// <param name="Rule">The rule that takes it.</param>
/// <param name="Day">By which that rule's cap counts.</param>
/// <param name="Audit">What to note.</param>
/// <param name="Route">Of the request.</param>
/// <param name="Key">Of the request.</param>
internal sealed record IngestWrite(
    long OrganizationId,
    Guid Id,
    NewRoutedLead Lead,
    Health Health,
    string Status,
    RoutingRule? Rule,
    DateOnly Day,
    AuditEntry Audit,
    KeyedRoute Route,
    RequestKey? Key)
{
    internal RuleTarget? Target => Rule?.Definition.Target;

    internal int? Cap => Rule?.Definition.DailyCap;
}

/// <summary>What became of it.</summary>
internal enum IngestCommit
{
    /// <summary>Committed.</summary>
    Done,

    /// <summary>The rule has had its leads of the day. Nothing was done.</summary>
    CapReached,

    /// <summary>Another request with this key was committed first. Nothing was done.</summary>
    KeyTaken,
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
