using System.ComponentModel.DataAnnotations;

namespace LeadGrain.Gateway.Gate;

/// <summary>The health gate to be set. What is absent or null gets its default.</summary>
/// <param name="GreenFrom">The lowest score that is GREEN.</param>
/// <param name="YellowFrom">The lowest score that is YELLOW, at most greenFrom; below is RED.</param>
/// <param name="LookBackDays">How long an email counts as routed to a target before.</param>
/// <param name="Points">What each check takes off a lead's 100 points; 0 switches it off.</param>
public sealed record GateRequest(
    [property: Range(1, 100)] int? GreenFrom = null,
    [property: Range(0, 100)] int? YellowFrom = null,
    [property: Range(0, 3650)] int? LookBackDays = null,
    GatePointsRequest? Points = null);

/// <summary>What each check takes off, 0 to 100.</summary>
public sealed record GatePointsRequest(
    [property: Range(0, 100)] int? Syntax = null,
    [property: Range(0, 100)] int? DisposableDomain = null,
    [property: Range(0, 100)] int? RoleAddress = null,
    [property: Range(0, 100)] int? NoMailHost = null,
    [property: Range(0, 100)] int? Suppressed = null,
    [property: Range(0, 100)] int? Bounced = null,
    [property: Range(0, 100)] int? Complained = null,
    [property: Range(0, 100)] int? Duplicate = null);

/// <summary>The health gate.</summary>
/// <param name="GreenFrom">The lowest score that is GREEN.</param>
/// <param name="YellowFrom">The lowest score that is YELLOW; below is RED.</param>
/// <param name="LookBackDays">How long an email counts as routed to a target before.</param>
/// <param name="Points">What each check takes off a lead's 100 points.</param>
public sealed record GateBody(int GreenFrom, int YellowFrom, int LookBackDays, GatePointsBody Points);

/// <summary>What each check takes off.</summary>
public sealed record GatePointsBody(
    int Syntax, int DisposableDomain, int RoleAddress, int NoMailHost, int Suppressed, int Bounced, int Complained, int Duplicate);

/// <summary>Emails to put on the suppression list or to take off it.</summary>
/// <param name="Emails">1 to 1000.</param>
/// <param name="Reason">Why: manual unless told; where they are taken off, for all reasons unless told.</param>
public sealed record SuppressionRequest(
    [property: MinLength(1), MaxLength(1000)] IReadOnlyList<string> Emails,
    [property: AllowedValues("manual", "unsubscribed", "bounced", "complained", null)] string? Reason = null);

/// <summary>What was changed.</summary>
/// <param name="Added">Entries that are new.</param>
public sealed record SuppressionsAdded(int Added);

/// <summary>What was changed.</summary>
/// <param name="Removed">Entries that are gone.</param>
public sealed record SuppressionsRemoved(int Removed);

/// <summary>A page of the suppression list. Emails are kept as hashes only, so they cannot be told.</summary>
/// <param name="Suppressions">The page.</param>
/// <param name="Next">To be given as <c>next</c> with the same filters for the following page; null at the end.</param>
public sealed record SuppressionsResponse(IReadOnlyList<SuppressionView> Suppressions, string? Next);

/// <summary>An entry of the suppression list.</summary>
/// <param name="EmailHash">Hexadecimal.</param>
/// <param name="Reason">manual, unsubscribed, bounced or complained.</param>
/// <param name="Source">Who said so.</param>
/// <param name="At">When.</param>
public sealed record SuppressionView(string EmailHash, string Reason, string Source, DateTimeOffset At);
