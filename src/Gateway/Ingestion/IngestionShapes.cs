using System.Text.Json;
using System.Text.Json.Serialization;

namespace LeadGrain.Gateway.Ingestion;

/// <summary>A lead as web forms post it. All members are optional, and members of any other name are kept too.</summary>
public sealed record LeadPost(
    [property: JsonPropertyName("click_id")] JsonElement? ClickId = null,
    JsonElement? Country = null,
    JsonElement? Creo = null,
    JsonElement? Description = null,
    JsonElement? Domain = null,
    JsonElement? Email = null,
    JsonElement? FirstName = null,
    JsonElement? Ip = null,
    JsonElement? Lang = null,
    JsonElement? LastName = null,
    JsonElement? Marker = null,
    JsonElement? Offer = null,
    JsonElement? Phone = null,
    JsonElement? Sourcetype = null);

/// <summary>A post that was kept.</summary>
/// <param name="Ok">True.</param>
/// <param name="LeadId">The lead's id; of the first one where the key was used before.</param>
/// <param name="Deduplicated">Whether the key was used before.</param>
public sealed record LeadTaken(bool Ok, [property: JsonPropertyName("lead_id")] Guid LeadId, bool Deduplicated);

/// <summary>A post that was refused.</summary>
/// <param name="Ok">False.</param>
/// <param name="Error">Why, in a word: invalid_payload, unauthorized, body_too_large, unavailable, internal_error and others.</param>
public sealed record LeadRefused(bool Ok, string Error);
