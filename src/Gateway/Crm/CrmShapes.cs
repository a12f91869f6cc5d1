using System.Text.Json;
using System.Text.Json.Serialization;

namespace LeadGrain.Gateway.Crm;

/// <summary>A page of leads, newest first.</summary>
/// <param name="Leads">The page.</param>
/// <param name="Next">To be given as <c>next</c> with the same filters for the following page; null at the end.</param>
public sealed record CrmLeads(IReadOnlyList<CrmLeadView> Leads, string? Next);

/// <summary>A lead; null for what it did not say.</summary>
public sealed record CrmLeadView(
    Guid Id,
    [property: JsonPropertyName("click_id")] string? ClickId,
    string? Country,
    string? Creo,
    string? Description,
    string? Domain,
    string? Email,
    string? FirstName,
    string? Ip,
    string? Lang,
    string? LastName,
    string? Marker,
    string? Offer,
    string? Phone,
    string? Sourcetype,
    JsonElement? Extra,
    string Status,
    string? AssignedTo,
    string? Notes,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <summary>A lead and what was done to it.</summary>
/// <param name="Lead">As it is now.</param>
/// <param name="History">Oldest first.</param>
public sealed record CrmLeadWithHistory(CrmLeadView Lead, IReadOnlyList<CrmEventView> History);

/// <summary>A change of one field of a lead.</summary>
/// <param name="Version">The lead's version after it.</param>
/// <param name="ChangedAt">When.</param>
/// <param name="ChangedBy">X-User-Id of the request, or <c>key</c>.</param>
/// <param name="Field">status, assignedTo or notes.</param>
/// <param name="Before">What it was.</param>
/// <param name="After">What it became.</param>
public sealed record CrmEventView(int Version, DateTimeOffset ChangedAt, string ChangedBy, string Field, string? Before, string? After);

/// <summary>A change of a lead: what is given is set, null clears.</summary>
/// <param name="Status">Cleared, it is <c>new</c> again.</param>
/// <param name="AssignedTo">Who works on it.</param>
/// <param name="Notes">Free text, at most 10,000 characters.</param>
/// <param name="Version">Only where this is the lead's version.</param>
public sealed record CrmChangeRequest(string? Status = null, string? AssignedTo = null, string? Notes = null, int? Version = null);
