using LeadGrain.Grains.Jobs;
using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Ingestion;

/// <summary>Finds the raw rows of a replay, oldest first.</summary>
internal sealed class ReplayStore(NpgsqlDataSource database)
{
    // What one step may hold.
    private const int StepBytes = 8 * 1024 * 1024;

    private const string Window =
        """
        r.organization_id = $1 and r.received_at >= $2 and r.received_at < $3 and ($5::uuid[] is null or r.id = any($5))
        """;

    private const string StateMatches = $"($4::text[] is null or {RawLogStore.State} = any($4))";

    private const string CountSql = $"select count(*) from leads_raw r {RawLogStore.StateJoins} where {Window} and {StateMatches}";

    private const string StepSql =
        $"""
        select {OpenStore.RowColumns}, {StateMatches}
        from (
            select * from (
                select r.*, sum(octet_length(r.body)) over (order by r.received_at, r.id) - octet_length(r.body) as before
                from (
                    select * from leads_raw r
                    where {Window} and r.received_at >= uuid_v7_time($6) and r.id > $6
                    order by r.received_at, r.id limit $7
                ) r
            ) r where r.before < $8
        ) r {RawLogStore.StateJoins}
        order by r.received_at, r.id
        """;

    internal Task<long> CountAsync(ClaimedJob job) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(CountSql);
        command.CommandTimeout = 0; // it walks all of the window
        Bind(command, job);
        return (long)(await command.ExecuteScalarAsync())!;
    });

    /// <summary>The next rows, at most so many, and whether each is one that the replay asks for.</summary>
    internal Task<List<(RawRow Row, bool Matches)>> NextAsync(ClaimedJob job, int most) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(StepSql);
        Bind(command, job);
        command.Bind(job.Position ?? Guid.Empty, most, (long)StepBytes);
        await using var row = await command.ExecuteReaderAsync();
        var rows = new List<(RawRow, bool)>();
        while (await row.ReadAsync())
        {
            rows.Add((OpenStore.ReadRow(row), row.GetBoolean(10)));
        }

        return rows;
    });

    // Without an end it ends where it was asked for, or it would chase what comes in.
    private static void Bind(NpgsqlCommand command, ClaimedJob job)
    {
        var spec = ReplaySpec.FromJson(job.Spec);
        command.Bind(
            job.OrganizationId,
            (spec.From ?? DateTimeOffset.UnixEpoch).UtcDateTime,
            spec.To?.UtcDateTime ?? IngestionCommits.TimeOf(job.Id).AddMilliseconds(1));
        command.Bind((object?)spec.States);
        command.Bind(spec.Ids);
    }
}
