using System.Text.Json;
using System.Text.Json.Serialization;
using LeadGrain.GrainInterfaces.Buffer;

namespace LeadGrain.Grains.Idempotency;

/// <summary>The JSON of kept answers.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(PushOutcome))]
[JsonSerializable(typeof(KeptPull))]
[JsonSerializable(typeof(KeptLeases))]
internal sealed partial class KeptAnswers : JsonSerializerContext;
