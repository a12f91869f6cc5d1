using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Grains.Routing;

/// <summary>The JSON in which rules and findings are kept.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(RuleDefinition))]
[JsonSerializable(typeof(ImmutableArray<HealthCheck>))]
[JsonSerializable(typeof(KeptIngest))]
internal sealed partial class RoutingJson : JsonSerializerContext;

/// <summary>What is kept of an ingested lead's answer: the lead, whose row has the rest.</summary>
internal sealed record KeptIngest(Guid LeadId);
