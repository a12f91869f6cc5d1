namespace LeadGrain.Gateway.Json;

/// <summary>Names of time zones as callers give them.</summary>
internal static class TimeZones
{
    /// <summary>Whether it is one of the IANA database, as .NET and PostgreSQL both know it.</summary>
    /// <remarks>.NET takes a name for a path to a file: it finds Europe//Berlin too, which is nobody else's.</remarks>
    internal static bool IsIana(string name)
        => TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) && zone.HasIanaId
            && Array.TrueForAll(name.Split('/'), static part => part.Trim('.') is not "");
}
