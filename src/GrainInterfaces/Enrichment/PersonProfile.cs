namespace LeadGrain.GrainInterfaces.Enrichment;

/// <summary>A person as a provider describes them; null where it does not say.</summary>
/// <param name="FirstName">Given name.</param>
/// <param name="LastName">Family name.</param>
/// <param name="Title">Job title.</param>
/// <param name="LinkedinUrl">LinkedIn profile.</param>
/// <param name="OrganizationName">Employer.</param>
/// <param name="OrganizationDomain">Employer's primary domain.</param>
/// <param name="OrganizationIndustry">Employer's industry.</param>
/// <param name="OrganizationSize">Employer's headcount as a range, such as 51-200.</param>
[GenerateSerializer, Immutable]
public sealed record PersonProfile(
    string? FirstName,
    string? LastName,
    string? Title,
    string? LinkedinUrl,
    string? OrganizationName,
    string? OrganizationDomain,
    string? OrganizationIndustry,
    string? OrganizationSize);
