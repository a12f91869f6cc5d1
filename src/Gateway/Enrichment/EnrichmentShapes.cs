namespace LeadGrain.Gateway.Enrichment;

/// <summary>Whom to enrich.</summary>
/// <param name="Email">At most 320 characters; looked up trimmed and lower-cased.</param>
/// <param name="ParentRunId">The run that this call is reported to.</param>
public sealed record EnrichRequest(string Email, string? ParentRunId = null);

/// <summary>What is known of an email; null for what the provider does not say.</summary>
/// <param name="Id">Identifier of the cache entry.</param>
/// <param name="Email">As asked.</param>
/// <param name="FirstName">Given name.</param>
/// <param name="LastName">Family name.</param>
/// <param name="Title">Job title.</param>
/// <param name="LinkedinUrl">LinkedIn profile.</param>
/// <param name="OrganizationName">Employer.</param>
/// <param name="OrganizationDomain">Employer's primary domain.</param>
/// <param name="OrganizationIndustry">Employer's industry.</param>
/// <param name="OrganizationSize">Employer's headcount as a range.</param>
/// <param name="Cached">False for exactly the one request that made the provider call.</param>
/// <param name="Found">Whether the provider knows somebody by that email.</param>
public sealed record EnrichResponse(
    Guid Id,
    string Email,
    string? FirstName,
    string? LastName,
    string? Title,
    string? LinkedinUrl,
    string? OrganizationName,
    string? OrganizationDomain,
    string? OrganizationIndustry,
    string? OrganizationSize,
    bool Cached,
    bool Found);
