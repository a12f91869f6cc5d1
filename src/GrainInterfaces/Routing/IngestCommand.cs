using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Idempotency;

namespace LeadGrain.GrainInterfaces.Routing;

/// <summary>A lead to judge, route and push.</summary>
/// <param name="Email">As given, at most 320 characters; need not be a valid one.</param>
/// <param name="Persona">What rules match first, at most 255 characters.</param>
/// <param name="Score">Null counts as 0.</param>
/// <param name="Source">Where it comes from, at most 255 characters.</param>
/// <param name="Data">The whole body, raw UTF-8 JSON, an object.</param>
[GenerateSerializer, Immutable]
public sealed record NewRoutedLead(string Email, string? Persona, double? Score, string Source, byte[] Data);

/// <summary>A lead to take in.</summary>
/// <param name="Lead">The lead.</param>
/// <param name="Actor">Who brings it and why, for the audit log.</param>
/// <param name="Key">Makes a repeat safe.</param>
/// <param name="IsDelivery">A signed delivery from outside: its key names the delivery, whatever its body says.</param>
[GenerateSerializer, Immutable]
public sealed record IngestCommand(NewRoutedLead Lead, Actor Actor, RequestKey? Key, bool IsDelivery = false);
