using System.Text.Json;
using System.Text.Json.Serialization;
using LeadGrain.GrainInterfaces.Ingestion;

namespace LeadGrain.Grains.Ingestion;

/// <summary>What a replay is about, as its job keeps it. Null: any.</summary>
internal sealed record ReplaySpec(DateTimeOffset? From, DateTimeOffset? To, string[]? States, Guid[]? Ids)
{
    internal static ReplaySpec Of(ReplayCommand command) => new(
        command.From,
        command.To,
        command.States.IsDefaultOrEmpty ? null : [.. command.States],
        command.Ids.IsDefaultOrEmpty ? null : [.. command.Ids]);

    internal static ReplaySpec FromJson(byte[] json) => JsonSerializer.Deserialize(json, ReplayJson.Default.ReplaySpec)!;

    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, ReplayJson.Default.ReplaySpec);
}

/// <summary>The JSON of replays.</summary>
[JsonSerializable(typeof(ReplaySpec))]
internal sealed partial class ReplayJson : JsonSerializerContext;
