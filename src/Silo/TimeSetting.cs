using System.ComponentModel;
using System.Globalization;

namespace LeadGrain.Silo;

/// <summary>
/// Reads times of settings as they are documented, <c>[d.]hh:mm:ss[.fff]</c>. The one of .NET takes <c>24:00:00</c> and <c>30</c> for days.
/// </summary>
internal sealed class TimeSetting : TypeConverter
{
    private static readonly Lazy<TypeDescriptionProvider> s_used = new(
        static () => TypeDescriptor.AddAttributes(typeof(TimeSpan), new TypeConverterAttribute(typeof(TimeSetting))));

    /// <summary>Has all settings of this process that are times read so.</summary>
    internal static void Use() => _ = s_used.Value;

    /// <inheritdoc/>
    public override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType) => sourceType == typeof(string);

    /// <inheritdoc/>
    /// <exception cref="FormatException">Not such a time.</exception>
    public override object ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value)
        => TryRead((string)value, out var time) ? time
            : throw new FormatException($"{value} is not a time as hh:mm:ss; 24 hours are 1.00:00:00.");

    internal static bool TryRead(string text, out TimeSpan time)
    {
        time = default;
        return text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParseExact(text.Trim(), "c", CultureInfo.InvariantCulture, out time);
    }
}
