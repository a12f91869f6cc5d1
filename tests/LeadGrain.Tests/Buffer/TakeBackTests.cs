using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains;
using LeadGrain.Grains.Buffer;
using LeadGrain.Grains.Storage;
using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LeadGrain.Tests.Buffer;

/// <summary>What becomes of a commit whose process, or whose way to the database, is gone.</summary>
public sealed class TakeBackTests(LeaseGrid shared) : IClassFixture<LeaseGrid>
{
    private static readonly NamespaceKey s_key = new(new Tenant("app", "org"), "back");

    [Fact]
    public async Task A_pull_that_was_given_up_long_after_its_commit_leaves_its_lead_to_the_next_one()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await LeaseGrid.StartAsync(database, shared.Time, ("Buffer:CheckpointAfter", "00:00:00.010"));
        await grid.Client.PushAsync(s_key.Name, "a@x.example", "b@x.example");
        Assert.Equal(["a@x.example", "b@x.example"], await grid.Client.DrainAsync(s_key.Name));
        await Eventually.Async("a checkpoint covers both", async () => await database.ScalarAsync<long>("select served_count from namespaces") == 2);

        var id = await database.ScalarAsync<Guid>("select id from served_leads order by id limit 1");
        var lead = new WaitingLead(1, 1, new LeadOrigin(null, null, null), new NewLead("a@x.example", null, null, 0));
        grid.Services.GetRequiredService<UnansweredPulls>().Add(s_key.GrainKey, [new ServedMark(id, DateTimeOffset.UnixEpoch, lead)]);

        string? again = null;
        await Eventually.Async(
            "it waits again",
            async () => (again = await grid.Client.NextAsync(s_key.Name)) is not null,
            between: () => shared.Time.Advance(TimeSpan.FromSeconds(1)));
        Assert.Equal("a@x.example", again);
        Assert.Null(await grid.Client.NextAsync(s_key.Name));
        Assert.Equal((0, 0, 0, 2, 0), await grid.Client.AllCountsAsync(s_key.Name));
    }

    [Fact]
    public async Task A_namespace_that_cannot_be_claimed_keeps_no_other_ones_lead_from_being_taken_back()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await LeaseGrid.StartAsync(database, shared.Time, ("Buffer:CheckpointAfter", "00:00:00.010"));
        var keys = Enumerable.Range(0, 4).Select(n => s_key with { Name = $"back{n}" }).ToList();
        foreach (var key in keys)
        {
            await grid.Client.PushAsync(key.Name, "a@x.example");
            Assert.Equal(["a@x.example"], await grid.Client.DrainAsync(key.Name));
        }

        await Eventually.Async("all have checkpoints", async () => await database.ScalarAsync<long>("select count(*) from namespaces where served_count = 1") == 4);
        await using var other = await database.DataSource.OpenConnectionAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using (var commit = new NpgsqlCommand("select from namespaces where name <> 'back3' for share", other))
        {
            await commit.ExecuteNonQueryAsync();
        }

        foreach (var key in keys)
        {
            var id = await database.ScalarAsync<Guid>($"select s.id from served_leads s join namespaces n on n.id = s.namespace_id where n.name = '{key.Name}'");
            var lead = new WaitingLead(1, 1, new LeadOrigin(null, null, null), new NewLead("a@x.example", null, null, 0));
            grid.Services.GetRequiredService<UnansweredPulls>().Add(key.GrainKey, [new ServedMark(id, DateTimeOffset.UnixEpoch, lead)]);
        }

        await Eventually.Async(
            "the one that can be has its lead again",
            async () => await database.ScalarAsync<long>("select count(*) from served_leads") == 3,
            between: () => shared.Time.Advance(TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task A_claim_that_another_process_stands_in_the_way_of_gives_up_and_leaves_no_session_waiting()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var hot = new HotSessions(database.DataSource, TimeProvider.System);
        var store = new BufferStore(database.DataSource, hot, TimeProvider.System);
        await store.CreateAsync(s_key);
        await using var other = await database.DataSource.OpenConnectionAsync();
        await using var transaction = await other.BeginTransactionAsync();
        await using (var commit = new NpgsqlCommand("select from namespaces for share", other))
        {
            await commit.ExecuteNonQueryAsync();
        }

        await Assert.ThrowsAsync<StorageUnavailableException>(() => store.ClaimAsync(s_key, []));

        Assert.Equal(0L, await database.ScalarAsync<long>(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"));
        await transaction.RollbackAsync();
        Assert.Equal(2, (await store.ClaimAsync(s_key, []))!.Epoch);
    }

    [Fact]
    public async Task A_session_that_commits_ends_soon_after_its_process()
    {
        var source = shared.Grid.Services.GetRequiredKeyedService<NpgsqlDataSource>(GrainsSetup.HotSource);
        await using var session = await source.OpenConnectionAsync();
        await using var settings = new NpgsqlCommand(
            "select concat_ws(' ', name, setting) from pg_settings where name = 'idle_in_transaction_session_timeout'", session);

        Assert.Equal("idle_in_transaction_session_timeout 10000", await settings.ExecuteScalarAsync());
    }
}
