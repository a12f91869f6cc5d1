using Microsoft.Extensions.Logging;
using Npgsql;

namespace LeadGrain.Grains.Storage;

/// <summary>
/// Has a table analyzed as soon as it has some rows. What a connection prepared while it was empty keeps the plan for an empty table, by
/// whichever index, until the server's own analysis comes, within a minute or when its workers have time: too late for a grid, or a new
/// day's partition, that fills within seconds. Any number of processes may.
/// </summary>
internal sealed class FreshTables(NpgsqlDataSource database, StoreTurn turn, TimeProvider time, ILogger<FreshTables> log)
    : StoreDuty(turn, time, log)
{
    // Analyzed never so far, and with more rows than any plan is right for. Only what is committed counts: an analysis while all rows are on
    // their way would find none, and be worse than none.
    private const string FreshSql =
        """
        select c.oid::regclass::text from pg_class c
        where c.relkind = 'r' and c.reltuples < 0 and c.relnamespace = current_schema()::regnamespace
            and pg_has_role(c.relowner, 'USAGE') and pg_stat_get_live_tuples(c.oid) >= 500
        """;

    /// <inheritdoc/>
    protected override TimeSpan Pause => TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override Task PassAsync(CancellationToken stoppingToken) => AnalyzeAsync();

    /// <summary>Analyzes what is fresh, and nothing that somebody else is about.</summary>
    internal Task AnalyzeAsync() => StorageFaults.GuardAsync(async () =>
    {
        foreach (var table in await database.ReadAllAsync(FreshSql, static row => row.GetString(0)))
        {
            // Quoted where it needs to be, by the server itself.
#pragma warning disable CA2100
            await using var analyze = database.CreateCommand($"analyze (skip_locked) {table}");
#pragma warning restore CA2100
            await analyze.ExecuteNonQueryAsync();
        }

        return true;
    });
}
