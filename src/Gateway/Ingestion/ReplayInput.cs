using System.Collections.Immutable;
using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Ingestion;

namespace LeadGrain.Gateway.Ingestion;

/// <summary>Reads what is to be replayed.</summary>
internal static class ReplayInput
{
    internal const int MostIds = 1_000;

    internal static Parsed<ReplayCommand> Read(JsonElement root)
    {
        var members = new MemberReader(root);
        var (from, to) = (members.OptionalText("from"u8), members.OptionalText("to"u8));
        var ids = members.OptionalIds("ids"u8, MostIds);
        if (members.Problem is { } problem)
        {
            return problem;
        }

        if (Time("from", from).Failed(out var wrong, out var after) || Time("to", to).Failed(out wrong, out var before)
            || ReadStates(root).Failed(out wrong, out var states))
        {
            return wrong;
        }

        return from is null && to is null && states.Length == 0 && ids.IsDefaultOrEmpty
            ? Problem.MissingMember("from")
            : new ReplayCommand(after.At, before.At, [.. states], ids.IsDefault ? [] : ids);
    }

    private static Parsed<string[]> ReadStates(JsonElement root)
    {
        if (!root.TryGetProperty("states"u8, out var array) || array.ValueKind == JsonValueKind.Null)
        {
            return Array.Empty<string>();
        }

        var must = $"must be an array of {string.Join(", ", RawStates.All)}.";
        if (array.ValueKind != JsonValueKind.Array || array.GetArrayLength() > RawStates.All.Count)
        {
            return Problem.InvalidMember("states", must);
        }

        var states = array.EnumerateArray().Select(static s => s.ValueKind == JsonValueKind.String ? s.GetString()! : string.Empty).ToArray();
        return Array.TrueForAll(states, RawStates.All.Contains) ? states : Problem.InvalidMember("states", must);
    }

    private static Parsed<Instant> Time(string name, string? text)
        => text is null ? new Instant(null)
            : IsoTime.Read(text) is { } at ? new Instant(at)
            : Problem.InvalidMember(name, IsoTime.Must);

    private sealed record Instant(DateTimeOffset? At);
}
