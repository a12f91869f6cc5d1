using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using LeadGrain.GrainInterfaces.Buffer;

namespace LeadGrain.Gateway.Buffer;

/// <summary>Leads to buffer.</summary>
/// <param name="Namespace">Where they go, 1 to 255 characters; usually a campaign.</param>
/// <param name="Leads">In the order in which they are to be served within a priority, at most 10,000.</param>
/// <param name="BrandId">Of all of these leads.</param>
/// <param name="ClerkOrgId">Of all of these leads.</param>
/// <param name="ClerkUserId">Of all of these leads.</param>
/// <param name="ParentRunId">The run that this call is reported to.</param>
public sealed record PushRequest(
    string Namespace,
    IReadOnlyList<PushLead> Leads,
    string? BrandId = null,
    string? ClerkOrgId = null,
    string? ClerkUserId = null,
    string? ParentRunId = null);

/// <summary>A lead to buffer.</summary>
/// <param name="Email">Kept as given, at most 320 characters; deduplicated trimmed and lower-cased.</param>
/// <param name="ExternalId">The finder's own id.</param>
/// <param name="Data">Any JSON of at most 1 MiB, handed back byte for byte.</param>
/// <param name="Priority">Higher ones are served first, whatever was pushed before; 0 unless told, at most a thousand million either way.</param>
public sealed record PushLead(
    string Email,
    string? ExternalId = null,
    JsonElement? Data = null,
    [property: Range(-NewLead.MaxPriority, NewLead.MaxPriority)] int? Priority = null);

/// <summary>What became of a push.</summary>
/// <param name="Buffered">Leads that now wait.</param>
/// <param name="SkippedAlreadyServed">Leads left out because this namespace has served their email.</param>
public sealed record PushResponse(int Buffered, int SkippedAlreadyServed);

/// <summary>From where the next leads are wanted, and how.</summary>
/// <param name="Namespace">1 to 255 characters.</param>
/// <param name="ParentRunId">The run that this call is reported to.</param>
/// <param name="Count">At most this many leads; the answer then holds leads, an array.</param>
/// <param name="LeaseSeconds">Hands the leads out for this long only: acknowledge them before, or they go back to their places.</param>
/// <param name="WaitSeconds">How long to wait for a lead where there is none; 0 unless told.</param>
public sealed record NextRequest(
    string Namespace,
    string? ParentRunId = null,
    [property: Range(1, PullCommand.MaxCount)] int? Count = null,
    [property: Range(1, 86_400)] int? LeaseSeconds = null,
    [property: Range(0, NextInput.MaxWaitSeconds)] int? WaitSeconds = null);

/// <summary>The next lead or leads, marked as served or leased; without one when nothing waits.</summary>
/// <param name="Found">Whether there was one.</param>
/// <param name="Lead">The lead; absent where there was none, or a count was given.</param>
/// <param name="Leads">The leads, in order; there where a count was given.</param>
/// <param name="Paused">True where the namespace hands nothing out until it is resumed; else absent.</param>
public sealed record NextResponse(bool Found, NextLead? Lead = null, IReadOnlyList<NextLead>? Leads = null, bool? Paused = null);

/// <summary>A lead as it was pushed; null for what the push did not say.</summary>
/// <param name="Email">As it was pushed.</param>
/// <param name="ExternalId">As it was pushed.</param>
/// <param name="Data">As it was pushed, byte for byte.</param>
/// <param name="BrandId">Of the push.</param>
/// <param name="ClerkOrgId">Of the push.</param>
/// <param name="ClerkUserId">Of the push.</param>
/// <param name="LeaseId">Names this handing out, to acknowledge it; absent without a lease, as are the next two.</param>
/// <param name="LeaseExpiresAt">When the lead goes back to its place.</param>
/// <param name="Attempt">Counts how often the lead was handed out, from 1.</param>
public sealed record NextLead(
    string Email,
    string? ExternalId,
    JsonElement? Data,
    string? BrandId,
    string? ClerkOrgId,
    string? ClerkUserId,
    Guid? LeaseId = null,
    DateTimeOffset? LeaseExpiresAt = null,
    int? Attempt = null);
