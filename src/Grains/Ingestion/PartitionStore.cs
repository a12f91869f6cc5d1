using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Ingestion;

/// <summary>
/// The partitions of the raw log. The database lets one host at a time at them. Each day is a transaction of its own, which gives
/// up where a lock does not come at once: posts would queue behind one that waits for a long reader.
/// </summary>
internal sealed class PartitionStore(NpgsqlDataSource database, TimeProvider time)
{
    private const string MakeSql = "select leads_raw_make_day(($1 at time zone 'UTC')::date + $2)";

    // By the earlier of two clocks, the host's and the database's: what is dropped does not come back.
    private const string Before = "(least($1, now()) at time zone 'UTC')::date - $2";

    private const string DropSql = $"select leads_raw_drop_day({Before})";

    private const string ForgetSql = $"select leads_raw_forget($3::regclass, {Before}, $4, $5)";

    // Some 50,000 outcomes: a second at most.
    private const long StepPages = 512;

    // Unfinished posts wait meanwhile.
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(5);

    // What has rows of days whose partitions are gone, and from which page on it is still to be looked through.
    private readonly Dictionary<string, long> _rest = new() { ["leads_raw_default"] = 0, ["raw_outcomes"] = 0 };

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

    /// <summary>Drops the partitions that lie whole days back, and what is said of them, for some seconds.</summary>
    /// <returns>False where one is in use, or something is left; then it is to be tried again.</returns>
    internal Task<bool> DropAsync(DateTimeOffset now, int days) => StorageFaults.GuardAsync(async () =>
    {
        while (true)
        {
            switch (await TryAsync(DropSql, now, days))
            {
                case null:
                    return false;
                case false:
                    return await ForgetAsync(now, days);
            }
        }
    });

    private async Task<bool> ForgetAsync(DateTimeOffset now, int days)
    {
        var began = time.GetTimestamp();
        foreach (var table in _rest.Keys)
        {
            do
            {
                if (time.GetElapsedTime(began) >= s_longest)
                {
                    return false;
                }

                await using var command = database.CreateCommand(ForgetSql);
                command.Bind(now.UtcDateTime, days, table, _rest[table], StepPages);
                _rest[table] = await command.ExecuteScalarAsync() as long? ?? 0;
            }
            while (_rest[table] > 0);
        }

        return true;
    }

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
