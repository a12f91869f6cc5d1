using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using LeadGrain.Gateway.Problems;

namespace LeadGrain.Gateway.Json;

/// <summary>
/// Reads an object's members and keeps the first problem, so that a caller reads them all and then looks once.
/// A null stands for an absent member.
/// </summary>
internal ref struct MemberReader(JsonElement owner, int leadIndex = -1)
{
    /// <summary>The longest id or name.</summary>
    internal const int MaxIdLength = 255;

    internal Problem? Problem { get; private set; }

    /// <summary>A text of at most so many characters; may be empty.</summary>
    internal string? OptionalText(ReadOnlySpan<byte> name, int maxLength = MaxIdLength)
    {
        if (!TryFind(name, out var value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            Refuse(name, "must be a string.");
            return null;
        }

        var text = value.GetString()!;
        if (text.Length > maxLength)
        {
            Refuse(name, $"must be at most {maxLength} characters.");
        }

        return text;
    }

    /// <summary>A text that names something: not blank, no control characters.</summary>
    internal string RequiredName(ReadOnlySpan<byte> name, int maxLength = MaxIdLength)
    {
        var text = OptionalText(name, maxLength);
        if (text is null)
        {
            Problem ??= Problem.MissingMember(Path(name));
            return string.Empty;
        }

        if (NameRules.Broken(text, maxLength) is { } must)
        {
            Refuse(name, must);
        }

        return text;
    }

    /// <summary>Any JSON, as the bytes that came in.</summary>
    internal byte[]? OptionalRaw(ReadOnlySpan<byte> name, int maxBytes)
    {
        if (!TryFind(name, out var value))
        {
            return null;
        }

        var raw = JsonMarshal.GetRawUtf8Value(value);
        if (raw.Length <= maxBytes)
        {
            return raw.ToArray();
        }

        Refuse(name, $"must be at most {maxBytes} bytes of JSON.");
        return null;
    }

    /// <summary>Any JSON, null included, as the bytes that came in.</summary>
    internal byte[] RequiredRaw(ReadOnlySpan<byte> name)
    {
        if (owner.TryGetProperty(name, out var value))
        {
            return JsonMarshal.GetRawUtf8Value(value).ToArray();
        }

        Problem ??= Problem.MissingMember(Path(name));
        return [];
    }

    /// <summary>An array; the default element where there is a problem.</summary>
    internal JsonElement RequiredArray(ReadOnlySpan<byte> name)
    {
        if (!TryFind(name, out var value))
        {
            Problem ??= Problem.MissingMember(Path(name));
            return default;
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            Refuse(name, "must be an array.");
            return default;
        }

        return value;
    }

    private readonly bool TryFind(ReadOnlySpan<byte> name, out JsonElement value) =>
        owner.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    private void Refuse(ReadOnlySpan<byte> name, string must) => Problem ??= Problem.InvalidMember(Path(name), must);

    private readonly string Path(ReadOnlySpan<byte> name)
    {
        var member = Encoding.UTF8.GetString(name);
        return leadIndex < 0 ? member : $"leads[{leadIndex}].{member}";
    }
}
