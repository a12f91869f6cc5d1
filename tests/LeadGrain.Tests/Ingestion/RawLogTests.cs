using System.Text.Json.Nodes;
using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.Grains.Ingestion;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LeadGrain.Tests.Ingestion;

/// <summary>The raw log is read where it has something, however many leads are older than it.</summary>
public sealed class RawLogTests
{
    // Enough that the planner does not read all of the raw log first, and at whatever hour this runs, in one partition: every second
    // entry is a lead, the others are invalid.
    private const string Recent =
        """
        with entries as (
            select o.id as organization_id, n, at, (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '70008000' || lpad(n::text, 12, '0'))::uuid as id
            from organizations o cross join lateral (
                select n, (date_trunc('day', now() at time zone 'UTC') - interval '12 hours') at time zone 'UTC' + n * interval '40 milliseconds' as at from generate_series(1, 60000) as n) as s
            where o.app_id = 'app' and o.org_id = 'org'
        ), raw as (
            insert into leads_raw (organization_id, received_at, id, body, headers, request_id) select organization_id, at, id, '{}', '{}', 'r' from entries
        ), invalid as (
            insert into raw_outcomes (organization_id, raw_id, received_at, outcome) select organization_id, id, at, 'invalid' from entries where n % 2 = 1
        )
        insert into leads (organization_id, id, body_hash, created_at, updated_at)
        select organization_id, id, sha256(''), at, at from entries where n % 2 = 0
        """;

    // As retention leaves them: leads, outcomes of one state, and no entries.
    private const string Bygone =
        """
        with old as (
            select o.id as organization_id, at, (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '70008000' || lpad(n::text, 12, '0'))::uuid as id
            from organizations o cross join lateral (
                select n, timestamptz '2020-01-01' + n * interval '1 second' as at from generate_series(1, 20000) as n) as s
            where o.app_id = 'app' and o.org_id = 'org'
        ), invalid as (
            insert into raw_outcomes (organization_id, raw_id, received_at, outcome)
            select organization_id, (left(id::text, 24) || 'ffff' || right(id::text, 8))::uuid, at, 'invalid' from old
        )
        insert into leads (organization_id, id, body_hash, created_at, updated_at) select organization_id, id, sha256(''), at, at from old
        """;

    [Fact]
    public async Task Leads_that_are_older_than_the_raw_log_are_not_looked_through()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        await grid.Services.GetRequiredService<RawStore>().EnsureOrganizationAsync("app", "org");
        await database.ExecuteAsync(Recent);
        await database.ExecuteAsync(Bygone);
        foreach (var table in new[] { "leads", "raw_outcomes", "leads_raw" })
        {
            await database.ExecuteAsync($"vacuum analyze {table}");
        }

        // The last page: what is asked for is more than there is, and what is older must not be looked through for the rest.
        var (from, to) = (DateTime.UnixEpoch, DateTime.UtcNow.AddDays(1));
        foreach (var (state, sql) in new[] { ("stored", RawLogStore.StoredSql), ("invalid", RawLogStore.OutcomeSql) })
        {
            var oldest = await database.ScalarAsync<Guid>($"select id from leads_raw r where {(state == "stored" ? "" : "not ")}exists (select from leads l where l.id = r.id) order by id offset 3 limit 1");
            Assert.Equal((state, 3), (state, await RowsAsync(database, sql, from, to, oldest)));
            Assert.InRange(await BlocksAsync(database, sql, from, to, oldest), 1, 300);
            Assert.InRange(await BlocksAsync(database, sql, from, from.AddYears(55), Guid.AllBitsSet), 0, 300);
            Assert.InRange(await EntriesReadAsync(database, sql), 1, 2_000);
            Assert.Equal(1000, (await grid.Client.RawAsync(state)).Count);
            Assert.Empty((await grid.Client.ReadAsync($"/raw?state={state}&to=2025-01-01"))["entries"]!.AsArray());
        }
    }

    [Fact]
    public async Task A_replay_by_ids_looks_only_at_their_days()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        await grid.Services.GetRequiredService<PartitionStore>().MakeAsync(new DateTimeOffset(2020, 2, 3, 0, 0, 0, TimeSpan.Zero), 0);
        var first = (await grid.Client.PostLeadAsync("""{"email":"first@b.c"}""")).MustBeCreated();
        var other = (await grid.Client.PostLeadAsync("""{"email":"other@b.c"}""")).MustBeCreated();
        var last = (await grid.Client.PostLeadAsync("""{"email":"last@b.c"}""")).MustBeCreated();
        await database.ExecuteAsync("delete from leads");

        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var block = new NpgsqlCommand("lock table leads_raw_20200203 in access exclusive mode", connection, transaction);
        await block.ExecuteNonQueryAsync();

        // Any ids may be asked for: one that is none of ours, and those at the ends of time.
        var job = (Guid)(await grid.Client.PostAsync("/raw/replay", new { ids = new[] { first, last, Guid.CreateVersion7(), Guid.Empty, Guid.AllBitsSet } }))["id"]!;
        var ended = await grid.Client.EndOfJobAsync(job);

        Assert.Equal(("done", 2, 2), ((string?)ended["state"], (int)ended["total"]!, (int)ended["done"]!));
        Assert.Equal(2, await database.ScalarAsync<long>($"select count(*) from leads where id <> '{other}'"));
        Assert.Equal(2, await database.ScalarAsync<long>("select count(*) from leads"));
    }

    private static async Task<int> RowsAsync(TestDatabase database, string sql, DateTime from, DateTime to, Guid before)
    {
        await using var command = await CommandAsync(database, sql, from, to, before);
        await using var row = await command.ExecuteReaderAsync();
        var rows = 0;
        while (await row.ReadAsync())
        {
            rows++;
        }

        return rows;
    }

    private static async Task<long> BlocksAsync(TestDatabase database, string sql, DateTime from, DateTime to, Guid before)
    {
        await using var command = await CommandAsync(database, $"explain (analyze, buffers, format json) {sql}", from, to, before);
        var plan = JsonNode.Parse((string)(await command.ExecuteScalarAsync())!)![0]!["Plan"]!;
        return (long)plan["Shared Hit Blocks"]! + (long)plan["Shared Read Blocks"]!;
    }

    /// <summary>How many rows the first page of 101 reads, by the plan that is made for any page once a statement is prepared.</summary>
    private static async Task<double> EntriesReadAsync(TestDatabase database, string sql)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync();
#pragma warning disable CA2100 // Constants of the store.
        await using (var prepare = new NpgsqlCommand(
            $"set plan_cache_mode = force_generic_plan; prepare page (bigint, timestamptz, timestamptz, uuid, bigint, text) as {sql}", connection))
#pragma warning restore CA2100
        {
            await prepare.ExecuteNonQueryAsync();
        }

        await using var explain = new NpgsqlCommand(
            """
            explain (analyze, format json) execute page (
                1, '1970-01-01', '2100-01-01', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 101, 'invalid')
            """,
            connection);
        return Rows(JsonNode.Parse((string)(await explain.ExecuteScalarAsync())!)![0]!["Plan"]!);

        static double Rows(JsonNode node) => (double)node["Actual Rows"]! * (double)node["Actual Loops"]!
            + (node["Plans"]?.AsArray().Sum(child => Rows(child!)) ?? 0);
    }

    private static async Task<NpgsqlCommand> CommandAsync(TestDatabase database, string sql, DateTime from, DateTime to, Guid before)
    {
        var organization = await database.ScalarAsync<long>("select id from organizations where app_id = 'app' and org_id = 'org'");
#pragma warning disable CA2100 // Constants of the store.
        var command = database.DataSource.CreateCommand(sql);
#pragma warning restore CA2100
        foreach (var value in new object[] { organization, from, to, before, 101 })
        {
            command.Parameters.AddWithValue(value);
        }

        if (sql.EndsWith(RawLogStore.OutcomeSql, StringComparison.Ordinal))
        {
            command.Parameters.AddWithValue(RawStates.Invalid);
        }

        return command;
    }
}
