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

    /// <summary>The time that it is about, UTC, without its end.</summary>
    /// <param name="asked">When it was asked for. Without an end it ends there, or it would chase what comes in.</param>
    internal (DateTime From, DateTime To) Window(DateTime asked)
    {
        var (from, to) = ((From ?? DateTimeOffset.UnixEpoch).UtcDateTime, To?.UtcDateTime ?? asked.AddMilliseconds(1));
        if (Ids is null)
        {
            return (from, to);
        }

        // An id of the log tells its time.
        var (first, last) = (to, DateTime.UnixEpoch);
        foreach (var id in Ids)
        {
            if (id.Version == 7 && IngestionCommits.TimeOf(id) is var time && time < to)
            {
                (first, last) = (time < first ? time : first, time > last ? time : last);
            }
        }

        return (first > from ? first : from, last < to ? last.AddMilliseconds(1) : to);
    }

    internal static ReplaySpec FromJson(byte[] json) => JsonSerializer.Deserialize(json, ReplayJson.Default.ReplaySpec)!;

    /// <summary>What the audit log says of it.</summary>
    internal byte[] Audited() => JsonSerializer.SerializeToUtf8Bytes(
        new AuditedReplay(From?.UtcDateTime, To?.UtcDateTime, States ?? [], Ids?.Length), ReplayJson.Default.AuditedReplay);

    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, ReplayJson.Default.ReplaySpec);
}

/// <summary>The JSON of replays.</summary>
[JsonSerializable(typeof(ReplaySpec))]
[JsonSerializable(typeof(AuditedReplay))]
internal sealed partial class ReplayJson : JsonSerializerContext;

/// <summary>A replay in the audit log: with the number of entries that were named, where they were.</summary>
internal sealed record AuditedReplay(
    [property: JsonPropertyName("from")] DateTime? From,
    [property: JsonPropertyName("to")] DateTime? To,
    [property: JsonPropertyName("states")] string[] States,
    [property: JsonPropertyName("entries")] int? Entries);
