using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Idempotency;

namespace LeadGrain.GrainInterfaces.Buffer;

/// <summary>Leads to buffer.</summary>
/// <param name="Origin">What the whole push says of where its leads come from.</param>
/// <param name="Leads">In the order in which they are to be served within a priority, at most 10,000.</param>
/// <param name="Key">Makes a repeat safe.</param>
[GenerateSerializer, Immutable]
public sealed record PushCommand(LeadOrigin Origin, ImmutableArray<NewLead> Leads, RequestKey? Key = null);

/// <summary>Where a lead comes from; each part at most 255 characters.</summary>
/// <param name="BrandId">Brand.</param>
/// <param name="ClerkOrgId">Clerk organization.</param>
/// <param name="ClerkUserId">Clerk user.</param>
[GenerateSerializer, Immutable]
public sealed record LeadOrigin(string? BrandId, string? ClerkOrgId, string? ClerkUserId);

/// <summary>A lead as pushed.</summary>
/// <param name="Email">As given, 1 to <see cref="EmailKey.MaxLength"/> characters.</param>
/// <param name="ExternalId">The finder's own id, at most 255 characters.</param>
/// <param name="Data">Raw UTF-8 JSON of any kind, as given; null where the member was absent.</param>
/// <param name="Priority">Higher ones are served first; between plus and minus <see cref="MaxPriority"/>.</param>
[GenerateSerializer, Immutable]
public sealed record NewLead(string Email, string? ExternalId, byte[]? Data, int Priority = 0)
{
    /// <summary>Bounds a priority both ways, so that it can be negated.</summary>
    public const int MaxPriority = 1_000_000_000;
}

/// <summary>What became of a push.</summary>
/// <param name="Buffered">Leads that now wait.</param>
/// <param name="SkippedAlreadyServed">Leads left out because this namespace has served their email.</param>
[GenerateSerializer, Immutable]
public sealed record PushOutcome(int Buffered, int SkippedAlreadyServed);
