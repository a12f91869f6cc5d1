using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace LeadGrain.Gateway.Leases;

/// <summary>A page of dead leads, the oldest death first.</summary>
/// <param name="Leads">The page.</param>
/// <param name="Next">To be given as <c>next</c> for the following page; null at the end.</param>
public sealed record DeadLeadsResponse(IReadOnlyList<DeadLeadView> Leads, string? Next);

/// <summary>A lead that was handed out as often as allowed and never acknowledged; null for what its push did not say.</summary>
/// <param name="Id">Names this death, to put the lead back.</param>
/// <param name="Email">As it was pushed.</param>
/// <param name="ExternalId">As it was pushed.</param>
/// <param name="Data">As it was pushed, byte for byte.</param>
/// <param name="Priority">As it was pushed.</param>
/// <param name="BrandId">Of the push.</param>
/// <param name="ClerkOrgId">Of the push.</param>
/// <param name="ClerkUserId">Of the push.</param>
/// <param name="Attempts">How often it was handed out.</param>
/// <param name="DiedAt">When it was set aside.</param>
public sealed record DeadLeadView(
    Guid Id,
    string Email,
    string? ExternalId,
    JsonElement? Data,
    int Priority,
    string? BrandId,
    string? ClerkOrgId,
    string? ClerkUserId,
    int Attempts,
    DateTimeOffset DiedAt);

/// <summary>Dead leads to put back: some by their ids, or all; exactly one of the two.</summary>
/// <param name="Ids">Which, each once; unknown ones are passed over.</param>
/// <param name="All">True for all of the namespace.</param>
public sealed record ReviveRequest(
    [property: MinLength(1), MaxLength(ReviveInput.MaxIds)] IReadOnlyList<Guid>? Ids = null,
    bool? All = null);

/// <summary>What became of dead leads.</summary>
/// <param name="Revived">Leads that wait again, in their places, their attempts at zero.</param>
public sealed record ReviveResponse(long Revived);
