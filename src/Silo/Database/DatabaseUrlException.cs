namespace LeadGrain.Silo;

/// <summary>DATABASE_URL cannot be understood. The message names the faulty part and never quotes from it.</summary>
internal sealed class DatabaseUrlException(string message) : Exception($"DATABASE_URL {message}");
