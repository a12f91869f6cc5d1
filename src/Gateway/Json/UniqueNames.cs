using System.Text.Json;

namespace LeadGrain.Gateway.Json;

/// <summary>Passes over values, and tells whether every object in them has each name once.</summary>
internal static class UniqueNames
{
    // Of the objects that are open at a time, together.
    private const int MostNames = 64;

    /// <summary>Passes over the value that the reader is at.</summary>
    /// <param name="json">At the value's first token; then at its last.</param>
    /// <param name="text">What it reads.</param>
    /// <returns>False where a name comes twice, and where it cannot tell: names with escapes, or too many of them.</returns>
    /// <exception cref="JsonException">It is no JSON.</exception>
    internal static bool TrySkip(ref Utf8JsonReader json, ReadOnlySpan<byte> text)
    {
        if (json.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
        {
            return true;
        }

        // The names of the innermost object are the last, from where its own begin.
        Span<(int Start, int Length)> names = stackalloc (int, int)[MostNames];
        Span<int> begins = stackalloc int[JsonBody.MaxDepth + 1];
        var (count, depth, begin) = (0, 0, 0);
        do
        {
            switch (json.TokenType)
            {
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    (begins[depth++], begin) = (begin, count);
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    (count, begin) = (begin, begins[--depth]);
                    break;
                case JsonTokenType.PropertyName:
                    if (json.ValueIsEscaped || count == MostNames)
                    {
                        return false;
                    }

                    foreach (var (start, length) in names[begin..count])
                    {
                        if (length == json.ValueSpan.Length && text.Slice(start, length).SequenceEqual(json.ValueSpan))
                        {
                            return false;
                        }
                    }

                    names[count++] = ((int)json.TokenStartIndex + 1, json.ValueSpan.Length);
                    break;
            }
        }
        while (depth > 0 && json.Read());
        return depth == 0;
    }
}
