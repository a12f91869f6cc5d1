using System.Text.Json;

namespace LeadGrain.Gateway.Buffer;

/// <summary>Leads to buffer.</summary>
/// <param name="Namespace">Where they go, 1 to 255 characters; usually a campaign.</param>
/// <param name="Leads">In the order in which they are to be served, at most 10,000.</param>
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
public sealed record PushLead(string Email, string? ExternalId = null, JsonElement? Data = null);

/// <summary>What became of a push.</summary>
/// <param name="Buffered">Leads that now wait.</param>
/// <param name="SkippedAlreadyServed">Leads left out because this namespace has served their email.</param>
public sealed record PushResponse(int Buffered, int SkippedAlreadyServed);

/// <summary>From where the next lead is wanted.</summary>
/// <param name="Namespace">1 to 255 characters.</param>
/// <param name="ParentRunId">The run that this call is reported to.</param>
public sealed record NextRequest(string Namespace, string? ParentRunId = null);

/// <summary>The next lead, marked as served; without one when nothing waits.</summary>
/// <param name="Found">Whether there was one.</param>
/// <param name="Lead">The lead; absent where there was none.</param>
public sealed record NextResponse(bool Found, NextLead? Lead = null);

/// <summary>A lead as it was pushed; null for what the push did not say.</summary>
public sealed record NextLead(
    string Email,
    string? ExternalId,
    JsonElement? Data,
    string? BrandId,
    string? ClerkOrgId,
    string? ClerkUserId);
