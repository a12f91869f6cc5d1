using System.Text.Json;
using LeadGrain.Gateway.Problems;

namespace LeadGrain.Gateway.Json;

/// <summary>Says what is wrong with JSON that the parser has refused: where it breaks, or which member is there twice.</summary>
internal static class JsonFault
{
    internal static Problem Explain(ReadOnlySpan<byte> json, JsonReaderOptions options)
    {
        var reader = new Utf8JsonReader(json, options);
        var open = new Stack<Scope>();
        try
        {
            while (reader.Read())
            {
                if (Follow(ref reader, open) is { } twice)
                {
                    return Problem.DuplicateMember(twice);
                }
            }
        }
        catch (JsonException fault) when (open.Count >= options.MaxDepth)
        {
            return Problem.InvalidJson($"The body is nested deeper than {options.MaxDepth} levels{At(fault)}.");
        }
        catch (JsonException fault)
        {
            return Problem.InvalidJson($"The body is not valid JSON{At(fault)}.");
        }

        return Problem.InvalidJson("The body is not valid JSON.");
    }

    private static string? Follow(ref Utf8JsonReader reader, Stack<Scope> open)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                open.Pop();
                return null;
            case JsonTokenType.PropertyName:
                var scope = open.Peek();
                scope.Member = reader.GetString()!;
                return scope.Names!.Add(scope.Member) ? null : PathOf(open);
        }

        if (open.TryPeek(out var parent) && parent.Names is null)
        {
            parent.Index++;
        }

        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            open.Push(new Scope(reader.TokenType == JsonTokenType.StartObject ? new HashSet<string>(StringComparer.Ordinal) : null));
        }

        return null;
    }

    private static string PathOf(Stack<Scope> open) =>
        string.Concat(open.Reverse().Select(scope => scope.Names is null ? $"[{scope.Index}]" : $".{scope.Member}")).TrimStart('.');

    private static string At(JsonException fault) =>
        fault is { LineNumber: { } line, BytePositionInLine: { } column } ? $" at line {line + 1}, byte {column + 1}" : string.Empty;

    private sealed class Scope(HashSet<string>? names)
    {
        internal HashSet<string>? Names { get; } = names;

        internal string Member { get; set; } = string.Empty;

        internal int Index { get; set; } = -1;
    }
}
