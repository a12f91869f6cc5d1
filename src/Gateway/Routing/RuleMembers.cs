using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Problems;

namespace LeadGrain.Gateway.Routing;

/// <summary>
/// Reads members that may be spelled in two ways and that may be null, and keeps the first problem. Unlike
/// <see cref="MemberReader"/> it tells an absent member from one that is null: a change leaves the former as it is.
/// </summary>
internal sealed class RuleMembers(JsonElement owner)
{
    internal Problem? Problem { get; private set; }

    internal bool Has(string name, string? other = null) => Find(name, other, out _);

    internal string? Text(string name, string? other = null)
    {
        if (!Find(name, other, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String || value.GetString() is not { Length: <= MemberReader.MaxIdLength } text)
        {
            Refuse(name, $"must be a string of at most {MemberReader.MaxIdLength} characters.");
            return null;
        }

        return text;
    }

    /// <summary>A name that other services may write as a number.</summary>
    internal string? Id(string name, string? other = null)
        => Find(name, other, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number)
            ? number.ToString(System.Globalization.CultureInfo.InvariantCulture)
            : Text(name, other);

    internal double? Number(string name, string? other = null)
    {
        if (!Find(name, other, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number))
        {
            return number;
        }

        Refuse(name, "must be a number.");
        return null;
    }

    internal int? Integer(string name, int least, int most, string? other = null)
    {
        if (!Find(name, other, out var value) || value.ValueKind == JsonValueKind.Null)
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

    internal bool? Truth(string name)
    {
        if (!Find(name, null, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Refuse(name, "must be true or false.");
        }

        return value.ValueKind == JsonValueKind.True;
    }

    internal JsonElement? Object(string name, string? other = null) => OfKind(name, other, JsonValueKind.Object, "must be an object.");

    internal JsonElement? Array(string name) => OfKind(name, null, JsonValueKind.Array, "must be an array.");

    private JsonElement? OfKind(string name, string? other, JsonValueKind kind, string must)
    {
        if (!Find(name, other, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind == kind)
        {
            return value;
        }

        Refuse(name, must);
        return null;
    }

    private bool Find(string name, string? other, out JsonElement value)
        => owner.TryGetProperty(name, out value) || (other is not null && owner.TryGetProperty(other, out value));

    private void Refuse(string name, string must) => Problem ??= Problem.InvalidMember(name, must);
}
