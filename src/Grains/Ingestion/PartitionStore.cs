using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Ingestion;

/// <summary>
/// The partitions of the raw log. The database lets one host at a time at them. Each day is a transaction of its own, which gives
/// up where a lock does not come at once: posts would queue behind one that waits for a long reader.
/// </summary>
internal sealed class PartitionStore(NpgsqlDataSource database)
{
    private const string MakeSql = "select leads_raw_make_day(($1 at time zone 'UTC')::date + $2)";

    private const string DropSql = "select leads_raw_drop_day(($1 at time zone 'UTC')::date - $2)";

    private const string ForgetSql = "select leads_raw_forget(($1 at time zone 'UTC')::date - $2)";

    /// <summary>Makes the partitions of today and of days to come, as far as they are not there.</summary>
    /// <returns>False where one is in use; then it is to be tried again.</returns>
    internal Task<bool> MakeAsync(DateTimeOffset now, int daysAhead) => StorageFaults.GuardAsync(async () =>
    {
        var made = true;
        for (var ahead = 0; ahead <= daysAhead; ahead++)
        {
            made &= await TryAsync(MakeSql, now, ahead) is not null;
        }

        return made;
    });

    /// <summary>Drops the partitions that lie whole days back.</summary>
    /// <returns>False where one is in use; then it is to be tried again.</returns>
    internal Task<bool> DropAsync(DateTimeOffset now, int days) => StorageFaults.GuardAsync(async () =>
    {
        while (true)
        {
            switch (await TryAsync(DropSql, now, days))
            {
                case null:
                    return false;
                case false:
                    return await TryAsync(ForgetSql, now, days) is not null;
            }
        }
    });

    /// <returns>What the function says; null where it gave way.</returns>
    private async Task<bool?> TryAsync(string sql, DateTimeOffset now, int days)
    {
        await using var command = database.CreateCommand(sql);
        command.Bind(now.UtcDateTime, days);
        try
        {
            return (bool)(await command.ExecuteScalarAsync())!;
        }
        catch (PostgresException inUse) when (inUse.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            return null;
        }
    }
}
