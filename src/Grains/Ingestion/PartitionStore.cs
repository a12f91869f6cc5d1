using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Ingestion;

/// <summary>The partitions of the raw log. The database lets one host at a time at them.</summary>
internal sealed class PartitionStore(NpgsqlDataSource database)
{
    private const string MakeSql = "select leads_raw_make_day(($1 at time zone 'UTC')::date + ahead) from generate_series(0, $2) as ahead";

    private const string DropSql = "select leads_raw_drop_before(($1 at time zone 'UTC')::date - $2)";

    /// <summary>Makes the partitions of today and of days to come, as far as they are not there.</summary>
    internal Task MakeAsync(DateTimeOffset now, int daysAhead) => StorageFaults.GuardAsync(() => ExecuteAsync(MakeSql, now, daysAhead));

    /// <summary>Drops the partitions that lie whole days back.</summary>
    internal Task DropAsync(DateTimeOffset now, int days) => StorageFaults.GuardAsync(() => ExecuteAsync(DropSql, now, days));

    private async Task<int> ExecuteAsync(string sql, DateTimeOffset now, int days)
    {
        await using var command = database.CreateCommand(sql);
        command.Bind(now.UtcDateTime, days);
        return await command.ExecuteNonQueryAsync();
    }
}
