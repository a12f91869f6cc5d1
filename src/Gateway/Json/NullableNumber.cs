using System.Text.Json;

namespace LeadGrain.Gateway.Json;

/// <summary>A member that is a number or null.</summary>
internal static class NullableNumber
{
    internal static void WriteNumber(this Utf8JsonWriter json, ReadOnlySpan<byte> name, int? number)
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
}
