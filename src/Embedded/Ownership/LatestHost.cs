using LeadGrain.Embedded.Hosting;
using Npgsql;

namespace LeadGrain.Embedded.Ownership;

/// <summary>The connections of what is not the owner, of several hosts to the one that was promoted last.</summary>
internal static class LatestHost
{
    // Few, and rarely used. They are short-lived, since each looks once: a former primary is left after as long as an owner takes.
    private const int Connections = 4;
    private const int Seconds = 10;

    // Npgsql does without a host whose sessions are read-only until it looks again (Host Recheck Seconds). Else every command would
    // try this host with a new connection first, whatever the other's pool holds.
    private const string PassOverSql = "set default_transaction_read_only = on";

    private const string ReadTimeline = "select ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int";

    /// <summary>Makes every new connection of a data source look first.</summary>
    internal static void Demand(NpgsqlDataSourceBuilder builder, EmbeddedHostOptions options)
    {
        var settings = builder.ConnectionStringBuilder;
        (settings.MinPoolSize, settings.MaxPoolSize, settings.ConnectionLifetime) = (0, Connections, Seconds);
        Initialize(builder, connection => LookAsync(connection, options));
    }

    /// <summary>Has every new connection of a data source looked at first. They are opened asynchronously only.</summary>
    internal static void Initialize(NpgsqlDataSourceBuilder builder, Func<NpgsqlConnection, Task> look) => builder.UsePhysicalConnectionInitializer(
        static _ => throw new NotSupportedException("These connections are opened asynchronously only."), look);

    /// <summary>Has a host that was replaced passed over for a while; its connection is of no use any more.</summary>
    internal static async Task PassOverAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(PassOverSql, connection);
        await command.ExecuteNonQueryAsync().ConfigureAwait(false);
    }

    private static async Task LookAsync(NpgsqlConnection connection, EmbeddedHostOptions options)
    {
        var (_, latest) = await options.FindHost(options.ConnectionString, CancellationToken.None).ConfigureAwait(false);
        if (latest == 0)
        {
            return;
        }

        await using var command = new NpgsqlCommand(ReadTimeline, connection);
        if (await command.ExecuteScalarAsync().ConfigureAwait(false) is not int timeline || timeline < latest)
        {
            await PassOverAsync(connection).ConfigureAwait(false);
            throw new FencedException("Another host was promoted.");
        }
    }
}
