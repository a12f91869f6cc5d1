using LeadGrain.Grains.Jobs;
using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Ingestion;

/// <summary>Finds the raw rows of a replay, oldest first.</summary>
internal sealed class ReplayStore(NpgsqlDataSource database)
{
    // What one step may hold, unfolded: a packed body may be as large as any.
    private const int StepBytes = 8 * 1024 * 1024;

    private const string Window = "r.organization_id = $1 and r.received_at >= $2 and r.received_at < $3";

    private const string StateMatches = $"($4::text[] is null or {RawLogStore.State} = any($4))";

    private const string OfId = "join leads_raw r on r.organization_id = $1 and r.received_at = uuid_v7_time(u.id) and r.id = u.id";

    private const string Matching = $"{RawLogStore.StateJoins} where {Window} and {StateMatches}";

    private const string CountSql = $"select count(*) from leads_raw r {Matching}";

    // Entry by entry, from the days that the window has left.
    private const string CountIdsSql = $"select count(*) from unnest($5::uuid[]) as u (id) {OfId} {Matching}";

    private const string StepStart =
        $"""
        select {OpenStore.RowColumns}, {StateMatches}
        from (
            select * from (
                select r.*, coalesce(sum(r.most) over (order by r.received_at, r.id rows between unbounded preceding and 1 preceding), 0) as before
                from (select r.*, case when r.content_encoding is null then octet_length(r.body) else 1048576 end as most from (
        """;

    private const string StepEnd =
        $"""
                    order by r.received_at, r.id limit $6
                ) r) r
            ) r where r.before < $7
        ) r {RawLogStore.StateJoins}
        order by r.received_at, r.id
        """;

    private const string StepSql =
        $"""
        {StepStart}
                    select * from leads_raw r where {Window} and r.received_at >= uuid_v7_time($5) and r.id > $5
        {StepEnd}
        """;

    private const string StepIdsSql =
        $"""
        {StepStart}
                    select r.* from unnest($8::uuid[]) as u (id) {OfId} where {Window} and r.id > $5
        {StepEnd}
        """;

    /// <summary>Counts the entries of a replay. A count that is given up ends in the database, and takes its connection with it.</summary>
    internal Task<long> CountAsync(ClaimedJob job, CancellationToken cancellationToken) => StorageFaults.GuardAsync(async () =>
    {
        var spec = ReplaySpec.FromJson(job.Spec);
        await using var command = database.CreateCommand(spec.Ids is null ? CountSql : CountIdsSql);
        command.CommandTimeout = 0; // it walks all of the window
        Bind(command, job, spec);
        if (spec.Ids is not null)
        {
            command.Bind(spec.Ids);
        }

        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    });

    /// <summary>The next rows, at most so many, and whether each is one that the replay asks for.</summary>
    /// <param name="connection">The step's: one that waited for a second might find all in use by its like.</param>
    /// <param name="job">The replay.</param>
    /// <param name="most">Rows.</param>
    internal static Task<List<(RawRow Row, bool Matches)>> NextAsync(NpgsqlConnection connection, ClaimedJob job, int most) => StorageFaults.GuardAsync(async () =>
    {
        var spec = ReplaySpec.FromJson(job.Spec);
        await using var command = new NpgsqlCommand(spec.Ids is null ? StepSql : StepIdsSql, connection);
        Bind(command, job, spec);
        command.Bind(job.Position ?? Guid.Empty, most, (long)StepBytes);
        if (spec.Ids is not null)
        {
            command.Bind(spec.Ids);
        }

        await using var row = await command.ExecuteReaderAsync();
        var rows = new List<(RawRow, bool)>();
        while (await row.ReadAsync())
        {
            rows.Add((OpenStore.ReadRow(row, 0), row.GetBoolean(11)));
        }

        return rows;
    });

    private static void Bind(NpgsqlCommand command, ClaimedJob job, ReplaySpec spec)
    {
        var (from, to) = spec.Window(IngestionCommits.TimeOf(job.Id));
        command.Bind(job.OrganizationId, from, to);
        command.Bind((object?)spec.States);
    }
}
