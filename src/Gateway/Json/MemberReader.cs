using System.Collections.Immutable;
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

    /// <summary>A whole number within bounds, written without fraction or exponent.</summary>
    internal int? OptionalInteger(ReadOnlySpan<byte> name, int least, int most)
    {
        if (!TryFind(name, out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= least && number <= most)
        {
            return number;
        }

        Refuse(name, $"must be a whole number from {least} to {most}.");
        return null;
    }

    /// <summary>As <see cref="OptionalInteger"/>, but it must be there.</summary>
    internal int RequiredInteger(ReadOnlySpan<byte> name, int least, int most)
    {
        var number = OptionalInteger(name, least, most);
        if (number is null)
        {
            Problem ??= Problem.MissingMember(Path(name));
        }

        return number ?? least;
    }

    /// <summary>True, or absent: there is no asking for the contrary.</summary>
    internal bool OptionalTrue(ReadOnlySpan<byte> name)
    {
        if (!TryFind(name, out var value))
        {
            return false;
        }

        if (value.ValueKind != JsonValueKind.True)
        {
            Refuse(name, "must be true where it is given.");
        }

        return true;
    }

    /// <summary>True or false.</summary>
    internal bool? OptionalBoolean(ReadOnlySpan<byte> name)
    {
        if (!TryFind(name, out var value))
        {
            return null;
        }

        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Refuse(name, "must be true or false.");
        }

        return value.ValueKind == JsonValueKind.True;
    }

    /// <summary>Whole numbers within bounds, at most so many; the default where absent or where there is a problem.</summary>
    internal ImmutableArray<int> OptionalIntegers(ReadOnlySpan<byte> name, int most, int least, int largest)
    {
        var array = OptionalArray(name);
        if (array.ValueKind != JsonValueKind.Array)
        {
            return default;
        }

        var numbers = new List<int>();
        foreach (var element in array.EnumerateArray())
        {
            if (numbers.Count == most || element.ValueKind != JsonValueKind.Number
                || !element.TryGetInt32(out var number) || number < least || number > largest)
            {
                Refuse(name, $"must hold at most {most} whole numbers from {least} to {largest}.");
                return default;
            }

            numbers.Add(number);
        }

        return [.. numbers];
    }

    /// <summary>An object; the default element where absent or where there is a problem.</summary>
    internal JsonElement OptionalObject(ReadOnlySpan<byte> name)
    {
        if (!TryFind(name, out var value))
        {
            return default;
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            Refuse(name, "must be an object.");
            return default;
        }

        return value;
    }

    /// <summary>Keeps a problem that was found elsewhere, unless there was one before.</summary>
    internal void Keep(Problem? problem) => Problem ??= problem;

    /// <summary>Distinct UUIDs, at least one; the default where absent or where there is a problem.</summary>
    internal ImmutableArray<Guid> OptionalIds(ReadOnlySpan<byte> name, int most)
    {
        var array = OptionalArray(name);
        if (array.ValueKind != JsonValueKind.Array)
        {
            return default;
        }

        var count = array.GetArrayLength();
        if (count < 1 || count > most)
        {
            Refuse(name, $"must hold 1 to {most} ids.");
            return default;
        }

        var ids = new Guid[count];
        var seen = new HashSet<Guid>(count);
        for (var index = 0; index < count; index++)
        {
            var element = array[index];
            if (element.ValueKind != JsonValueKind.String || !element.TryGetGuid(out ids[index]))
            {
                Problem ??= Problem.InvalidMember($"{Path(name)}[{index}]", "must be a UUID.");
                return default;
            }

            if (!seen.Add(ids[index]))
            {
                Problem ??= Problem.InvalidMember($"{Path(name)}[{index}]", "must not repeat an earlier id.");
                return default;
            }
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(ids);
    }

    /// <summary>As <see cref="OptionalIds"/>, but they must be there.</summary>
    internal ImmutableArray<Guid> RequiredIds(ReadOnlySpan<byte> name, int most)
    {
        var ids = OptionalIds(name, most);
        if (ids.IsDefault)
        {
            Problem ??= Problem.MissingMember(Path(name));
        }

        return ids;
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
        var array = OptionalArray(name);
        if (array.ValueKind == JsonValueKind.Undefined)
        {
            Problem ??= Problem.MissingMember(Path(name));
        }

        return array;
    }

    private JsonElement OptionalArray(ReadOnlySpan<byte> name)
    {
        if (!TryFind(name, out var value))
        {
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
