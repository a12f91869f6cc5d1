using System.Text.Json;

namespace LeadGrain.Gateway.Json;

/// <summary>Members that are a value or null. Times are written as UTC.</summary>
internal static class NullableMembers
{
    internal static void WriteNumber(this Utf8JsonWriter json, ReadOnlySpan<byte> name, int? number) => json.WriteNumber(name, (long?)number);

    internal static void WriteNumber(this Utf8JsonWriter json, ReadOnlySpan<byte> name, long? number)
    {
        if (number is { } known)
        {
            json.WriteNumber(name, known);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    internal static void WriteNumber(this Utf8JsonWriter json, ReadOnlySpan<byte> name, double? number)
    {
        if (number is { } known)
        {
            json.WriteNumber(name, known);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    internal static void WriteBoolean(this Utf8JsonWriter json, ReadOnlySpan<byte> name, bool? value)
    {
        if (value is { } known)
        {
            json.WriteBoolean(name, known);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    internal static void WriteString(this Utf8JsonWriter json, ReadOnlySpan<byte> name, Guid? id)
    {
        if (id is { } known)
        {
            json.WriteString(name, known);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    /// <summary>A name of its own: the writer's own member for a time that is there would write an offset.</summary>
    internal static void WriteTime(this Utf8JsonWriter json, ReadOnlySpan<byte> name, DateTimeOffset? time)
    {
        if (time is { } known)
        {
            json.WriteString(name, known.UtcDateTime);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
