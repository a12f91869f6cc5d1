using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Audit;

namespace LeadGrain.GrainInterfaces.Gate;

/// <summary>Why an email is not to be contacted. The words are in the database and on the wire.</summary>
public static class SuppressionReason
{
    /// <summary>Somebody put it on the list.</summary>
    public const string Manual = "manual";

    /// <summary>The person asked to be left alone.</summary>
    public const string Unsubscribed = "unsubscribed";

    /// <summary>Mail to it came back.</summary>
    public const string Bounced = "bounced";

    /// <summary>The person called a mail spam.</summary>
    public const string Complained = "complained";

    /// <summary>All of them.</summary>
    public static readonly ImmutableArray<string> All = [Manual, Unsubscribed, Bounced, Complained];
}

/// <summary>An entry of the suppression list.</summary>
/// <param name="EmailHash">HMAC-SHA256 of the email's key under the organization's pepper; the email itself is not kept.</param>
/// <param name="Reason">Of <see cref="SuppressionReason"/>.</param>
/// <param name="Source">Who said so.</param>
/// <param name="At">When it was put there.</param>
[GenerateSerializer, Immutable]
public sealed record Suppression(byte[] EmailHash, string Reason, string Source, DateTimeOffset At);

/// <summary>Which entries are asked for.</summary>
/// <param name="Reason">For this reason only.</param>
/// <param name="EmailKey">Of this email only.</param>
/// <param name="AfterHash">The last one of the page before; empty for the first page.</param>
/// <param name="AfterReason">Of that one.</param>
/// <param name="Limit">At most this many.</param>
[GenerateSerializer, Immutable]
public sealed record SuppressionQuery(string? Reason, string? EmailKey, byte[] AfterHash, string AfterReason, int Limit);

/// <summary>A page of the list.</summary>
[GenerateSerializer, Immutable]
public sealed record SuppressionPage(ImmutableArray<Suppression> Entries, bool HasMore);

/// <summary>Emails to put on the list or to take off it.</summary>
/// <param name="Emails">As given, 1 to <see cref="MaxEmails"/>.</param>
/// <param name="Reason">Of <see cref="SuppressionReason"/>; null, where they are taken off, for all reasons.</param>
/// <param name="Actor">Who does it.</param>
[GenerateSerializer, Immutable]
public sealed record SuppressionChange(ImmutableArray<string> Emails, string? Reason, Actor Actor)
{
    /// <summary>The most emails of one change.</summary>
    public const int MaxEmails = 1_000;
}
