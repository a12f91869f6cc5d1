using Npgsql;

namespace LeadGrain.Embedded.Ownership;

/// <summary>The store's connection was refused because this process does not own the database now: to its user, a database that is away.</summary>
internal sealed class FencedException(string message) : NpgsqlException(message);

/// <summary>Of several hosts another one was promoted: this one is not to be owned any more.</summary>
internal sealed class AnotherPromotedException() : Exception("Another host was promoted.");
