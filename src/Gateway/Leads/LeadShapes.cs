namespace LeadGrain.Gateway.Leads;

/// <summary>A page of served leads, newest first.</summary>
/// <param name="Leads">The page.</param>
/// <param name="Next">To be given as <c>next</c> with the same filters for the following page; null at the end.</param>
public sealed record LeadsResponse(IReadOnlyList<ServedLeadView> Leads, string? Next);

/// <summary>A lead that was handed out; null for what its push did not say.</summary>
/// <param name="Id">Identifier.</param>
/// <param name="Email">As it was pushed.</param>
/// <param name="ExternalId">As it was pushed.</param>
/// <param name="Namespace">Where it was served.</param>
/// <param name="BrandId">Of the push.</param>
/// <param name="ClerkOrgId">Of the push.</param>
/// <param name="ClerkUserId">Of the push.</param>
/// <param name="ServedAt">When it was served, UTC.</param>
/// <param name="Enrichment">What the cache knows of the email; null where that is nothing.</param>
public sealed record ServedLeadView(
    Guid Id,
    string Email,
    string? ExternalId,
    string Namespace,
    string? BrandId,
    string? ClerkOrgId,
    string? ClerkUserId,
    DateTimeOffset ServedAt,
    LeadEnrichment? Enrichment);

/// <summary>The enrichment of a served lead; null for what the provider does not say.</summary>
public sealed record LeadEnrichment(
    string? FirstName,
    string? LastName,
    string? Title,
    string? LinkedinUrl,
    string? OrganizationName,
    string? OrganizationDomain,
    string? OrganizationIndustry,
    string? OrganizationSize);
