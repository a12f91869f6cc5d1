using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Enrichment;

namespace LeadGrain.GrainInterfaces.Leads;

/// <summary>Which served leads to list. Null filters match everything.</summary>
/// <param name="Namespace">Exact namespace.</param>
/// <param name="BrandId">Exact brand of the push.</param>
/// <param name="ClerkOrgId">Exact Clerk organization of the push.</param>
/// <param name="ClerkUserId">Exact Clerk user of the push.</param>
/// <param name="EmailKey">Normalized email (<see cref="Buffer.EmailKey"/>).</param>
/// <param name="ServedAfter">Served at or after this instant.</param>
/// <param name="ServedBefore">Served before this instant.</param>
/// <param name="Before">Leads older than this position; null for the newest.</param>
/// <param name="Limit">At most this many, 1 to 1000.</param>
[GenerateSerializer, Immutable]
public sealed record ServedLeadQuery(
    string? Namespace,
    string? BrandId,
    string? ClerkOrgId,
    string? ClerkUserId,
    string? EmailKey,
    DateTimeOffset? ServedAfter,
    DateTimeOffset? ServedBefore,
    Guid? Before,
    int Limit);

/// <summary>A lead that was handed out.</summary>
/// <param name="Id">Identifier, ordered by time (UUID version 7): the list's position as well.</param>
/// <param name="Email">As it was pushed.</param>
/// <param name="ExternalId">As it was pushed.</param>
/// <param name="Namespace">Where it was served.</param>
/// <param name="BrandId">Of the push.</param>
/// <param name="ClerkOrgId">Of the push.</param>
/// <param name="ClerkUserId">Of the push.</param>
/// <param name="ServedAt">When the serving was decided.</param>
/// <param name="Enrichment">What the cache knows of the email; null where nothing is cached or nobody was found.</param>
[GenerateSerializer, Immutable]
public sealed record ServedLead(
    Guid Id,
    string Email,
    string? ExternalId,
    string Namespace,
    string? BrandId,
    string? ClerkOrgId,
    string? ClerkUserId,
    DateTimeOffset ServedAt,
    PersonProfile? Enrichment);

/// <summary>A page of served leads, newest first.</summary>
/// <param name="Leads">The page.</param>
/// <param name="HasMore">Whether older ones follow.</param>
[GenerateSerializer, Immutable]
public sealed record ServedLeadPage(ImmutableArray<ServedLead> Leads, bool HasMore);
