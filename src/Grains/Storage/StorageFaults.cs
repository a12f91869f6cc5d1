using System.Net.Sockets;
using LeadGrain.GrainInterfaces.Faults;
using Npgsql;

namespace LeadGrain.Grains.Storage;

/// <summary>Tells a database that is away from a statement that is wrong.</summary>
/// <remarks>
/// Callers' tokens open connections but do not interrupt statements. Npgsql (up to 10.0.3) takes a statement that failed between being
/// parsed and being planned for prepared; a cancelled one fails there, and the connection then breaks under whoever uses it next. The count of
/// a replay, which may walk all of the raw log, is interrupted nevertheless: with a CancellationTimeout of -1 nobody uses its connection again.
/// </remarks>
public static class StorageFaults
{
    /// <summary>Whether the database could not be reached, broke off or is not able to work now: worth trying again.</summary>
    public static bool IsUnavailable(Exception exception) => exception switch
    {
        PostgresException { SqlState: { } state } => IsPassing(state), // none: it came from another silo, where a reminder was to be kept
        // Npgsql's own words for a connection that it has lost the thread of, and closed.
        { Source: "Npgsql" } when exception.GetType() == typeof(Exception) => true,
        NpgsqlException or TimeoutException or SocketException or IOException => true,
        _ => false,
    };

    /// <summary>Runs one step against the database; its being away becomes <see cref="StorageUnavailableException"/>.</summary>
    internal static async Task<T> GuardAsync<T>(Func<Task<T>> step)
    {
        try
        {
            return await step();
        }
        catch (Exception exception) when (IsUnavailable(exception))
        {
            throw Unavailable(exception);
        }
    }

    /// <summary>
    /// The one exception by which callers learn that the database is away. It describes its cause and does not hold it: a caller in
    /// another silo could not be sent one of the database's own kind.
    /// </summary>
    internal static StorageUnavailableException Unavailable(Exception cause) => new($"The database is not available: {Describe(cause)}.");

    /// <summary>What failed, for logs: kinds and codes. The server's own words may quote what is stored.</summary>
    internal static string Describe(Exception cause) => cause switch
    {
        PostgresException { SqlState: { } state } => $"SQLSTATE {state}",
        SocketException { SocketErrorCode: var code } => $"{nameof(SocketException)} {code}",
        { InnerException: { } inner } => $"{cause.GetType().Name}, {Describe(inner)}",
        _ => cause.GetType().Name,
    };

    private static bool IsPassing(string state) => state[..2] switch
    {
        "08" => true, // connection exception
        "28" or "3D" => true, // not let in; no such database (any more)
        "53" => true, // insufficient resources: connections, disk, memory
        "55" => true, // not in the state for it: no connections accepted, lock not available
        "57" => true, // operator intervention: shutdown, crash recovery, cancel
        "58" => true, // system error: I/O
        _ => state is PostgresErrorCodes.ReadOnlySqlTransaction // a failover has left us with the standby
            or PostgresErrorCodes.SerializationFailure
            or PostgresErrorCodes.DeadlockDetected
            or "25P03", // idle in a transaction for too long: this process stood still in the middle
    };
}
