using System.Globalization;
using System.Text.Unicode;

namespace LeadGrain.Gateway.Json;

/// <summary>Finds text in raw JSON that no string may hold. Bytes that are not JSON at all are left to the parser.</summary>
internal static class TextCheck
{
    internal const string NotUtf8 = "The body is not valid UTF-8.";
    internal const string HasNul = "The body holds a NUL character, which no text may hold.";
    internal const string HasLoneSurrogate = "The body holds half of a surrogate pair (\\ud800 to \\udfff).";

    // The six characters of \uXXXX.
    private const int EscapeLength = 6;

    /// <summary>What is wrong, or null. Without a \u in it, the text costs two vectorised passes.</summary>
    internal static string? Find(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
        {
            return NotUtf8;
        }

        var first = json.IndexOf("\\u"u8);
        return first < 0 ? null : FindInEscapes(json, StartOfBackslashes(json, first));
    }

    private static int StartOfBackslashes(ReadOnlySpan<byte> json, int at)
    {
        while (at > 0 && json[at - 1] == '\\')
        {
            at--;
        }

        return at;
    }

    private static string? FindInEscapes(ReadOnlySpan<byte> json, int at)
    {
        while (true)
        {
            var step = json[at..].IndexOf((byte)'\\');
            if (step < 0)
            {
                return null;
            }

            at += step;
            if (Unit(json, at) is not { } unit)
            {
                at = Math.Min(at + 2, json.Length);
                continue;
            }

            var next = at + EscapeLength;
            if (unit == 0)
            {
                return HasNul;
            }

            if (char.IsLowSurrogate((char)unit))
            {
                return HasLoneSurrogate;
            }

            if (char.IsHighSurrogate((char)unit))
            {
                if (Unit(json, next) is not { } low || !char.IsLowSurrogate((char)low))
                {
                    return HasLoneSurrogate;
                }

                next += EscapeLength;
            }

            at = next;
        }
    }

    private static ushort? Unit(ReadOnlySpan<byte> json, int at) =>
        json.Length - at >= EscapeLength && json[at] == '\\' && json[at + 1] == 'u'
        && ushort.TryParse(json.Slice(at + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit)
            ? unit
            : null;
}
