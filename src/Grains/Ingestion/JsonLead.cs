using System.Globalization;
using System.Text;
using System.Text.Json;
using LeadGrain.GrainInterfaces.Ingestion;

namespace LeadGrain.Grains.Ingestion;

/// <summary>Reads a lead from a JSON object, in one pass.</summary>
internal static class JsonLead
{
    // Many parsers stop at 64 levels, and an answer adds some: one post must not spoil the lists that it is in. What is deeper
    // is kept as the text that it is.
    private const int MaxStoredDepth = 32;

    private static readonly JsonReaderOptions s_options = new() { MaxDepth = RawPost.MaxBytes + 1 };

    /// <param name="utf8">Valid UTF-8.</param>
    internal static Normalized Read(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, s_options);
        try
        {
            if (utf8.IsEmpty || !reader.Read())
            {
                return new Normalized.Invalid(LeadNormalizer.Empty);
            }

            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                return new Normalized.Invalid(reader.Read() ? LeadNormalizer.NotJson : LeadNormalizer.NotAnObject);
            }

            var draft = new LeadDraft();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                ReadMember(ref reader, utf8, draft);
            }

            // Throws where anything follows.
            reader.Read();
            return draft.Finish();
        }
        catch (JsonException)
        {
            return new Normalized.Invalid(utf8.Trim(" \t\r\n"u8).IsEmpty ? LeadNormalizer.Empty : LeadNormalizer.NotJson);
        }
    }

    private static void ReadMember(ref Utf8JsonReader reader, ReadOnlySpan<byte> utf8, LeadDraft draft)
    {
        var (nameAt, nameLength) = ((int)reader.TokenStartIndex, reader.ValueSpan.Length + 2);
        var field = reader.ValueIsEscaped
            ? LeadFields.IndexOf(Encoding.UTF8.GetBytes(Unescape(reader.ValueSpan)))
            : LeadFields.IndexOf(reader.ValueSpan);
        reader.Read();
        var valueAt = (int)reader.TokenStartIndex;
        switch (reader.TokenType)
        {
            case JsonTokenType.String when field >= 0:
                draft.Set(field, reader.ValueIsEscaped ? Unescape(reader.ValueSpan) : Encoding.UTF8.GetString(reader.ValueSpan));
                return;
            case JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False when field >= 0:
                draft.Set(field, Encoding.UTF8.GetString(reader.ValueSpan));
                return;
            case JsonTokenType.Null when field >= 0:
                return;
        }

        var depth = SkipValue(ref reader);
        var value = utf8[valueAt..(int)reader.BytesConsumed];
        draft.AddRaw(utf8.Slice(nameAt, nameLength), depth <= MaxStoredDepth ? value : LeadDraft.Quote(Encoding.UTF8.GetString(value)));
    }

    /// <returns>How deep it was.</returns>
    private static int SkipValue(ref Utf8JsonReader reader)
    {
        var (start, deepest) = (reader.CurrentDepth, reader.CurrentDepth);
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            while (reader.Read() && reader.CurrentDepth > start)
            {
                deepest = Math.Max(deepest, reader.CurrentDepth);
            }
        }

        return deepest;
    }

    // The reader's own refuses half a surrogate pair; a lead is not lost for that.
    private static string Unescape(ReadOnlySpan<byte> escaped)
    {
        var source = Encoding.UTF8.GetString(escaped);
        var text = new StringBuilder(source.Length);
        for (var at = 0; at < source.Length; at++)
        {
            if (source[at] != '\\')
            {
                text.Append(source[at]);
                continue;
            }

            at++;
            if (source[at] == 'u')
            {
                text.Append((char)ushort.Parse(source.AsSpan(at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                at += 4;
            }
            else
            {
                text.Append(source[at] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\b', 'f' => '\f', var other => other });
            }
        }

        return text.ToString();
    }
}
