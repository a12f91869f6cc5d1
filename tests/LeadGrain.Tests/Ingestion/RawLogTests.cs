using System.Text.Json.Nodes;
using LeadGrain.Grains.Ingestion;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Ingestion;

/// <summary>The raw log is read where it has something, however many leads are older than it.</summary>
public sealed class RawLogTests
{
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
        var ids = new List<Guid>();
        for (var i = 0; i < 3; i++)
        {
            ids.Insert(0, (await grid.Client.PostLeadAsync("{}")).MustBeCreated());
            (await grid.Client.PostLeadAsync("[]")).MustBeRefused(400, "invalid_payload");
        }

        await database.DataSource.ExecuteAsync(Bygone);
        await database.DataSource.ExecuteAsync("vacuum analyze leads");
        await database.DataSource.ExecuteAsync("vacuum analyze raw_outcomes");

        Assert.Equal(ids, (await grid.Client.RawAsync("stored")).Select(entry => (Guid)entry["id"]!));
        Assert.Equal(3, (await grid.Client.RawAsync("invalid")).Count);
        Assert.Empty((await grid.Client.ReadAsync("/raw?state=stored&to=2019-01-01"))["entries"]!.AsArray());
        foreach (var sql in new[] { RawLogStore.StoredSql, RawLogStore.OutcomeSql })
        {
            Assert.InRange(await BlocksAsync(database, sql, DateTime.UnixEpoch, DateTime.UtcNow.AddDays(1)), 1, 300);
            Assert.InRange(await BlocksAsync(database, sql, DateTime.UnixEpoch, new DateTime(2020, 1, 2, 0, 0, 0, DateTimeKind.Utc)), 1, 300);
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
        await database.DataSource.ExecuteAsync("delete from leads");

        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var block = new Npgsql.NpgsqlCommand("lock table leads_raw_20200203 in access exclusive mode", connection, transaction);
        await block.ExecuteNonQueryAsync();

        // Any ids may be asked for: one that is none of ours, and those at the ends of time.
        var job = (Guid)(await grid.Client.PostAsync("/raw/replay", new { ids = new[] { first, last, Guid.CreateVersion7(), Guid.Empty, Guid.AllBitsSet } }))["id"]!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        JsonNode ended;
        while ((string?)(ended = await grid.Client.ReadAsync($"/jobs/{job}"))["state"] is not ("done" or "failed"))
        {
            await Task.Delay(20, deadline.Token);
        }

        Assert.Equal(("done", 2, 2), ((string?)ended["state"], (int)ended["total"]!, (int)ended["done"]!));
        Assert.Equal(2, await database.DataSource.ScalarAsync<long>($"select count(*) from leads where id <> '{other}'"));
        Assert.Equal(2, await database.DataSource.ScalarAsync<long>("select count(*) from leads"));
    }

    private static async Task<long> BlocksAsync(TestDatabase database, string sql, DateTime from, DateTime to)
    {
        var organization = await database.DataSource.ScalarAsync<long>("select id from organizations where app_id = 'app' and org_id = 'org'");
#pragma warning disable CA2100 // Constants of the store.
        await using var command = database.DataSource.CreateCommand($"explain (analyze, buffers, format json) {sql}");
#pragma warning restore CA2100
        command.Parameters.AddWithValue(organization);
        command.Parameters.AddWithValue(from);
        command.Parameters.AddWithValue(to);
        command.Parameters.AddWithValue(Guid.AllBitsSet);
        command.Parameters.AddWithValue(101);
        if (sql == RawLogStore.OutcomeSql)
        {
            command.Parameters.AddWithValue("invalid");
        }

        var plan = JsonNode.Parse((string)(await command.ExecuteScalarAsync())!)![0]!["Plan"]!;
        return (long)plan["Shared Hit Blocks"]! + (long)plan["Shared Read Blocks"]!;
    }
}
