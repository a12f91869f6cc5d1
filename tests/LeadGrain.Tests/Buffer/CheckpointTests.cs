using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Buffer;
using LeadGrain.Grains.Storage;
using LeadGrain.Tests.Postgres;
using Npgsql;

namespace LeadGrain.Tests.Buffer;

public sealed class CheckpointTests
{
    private static readonly NamespaceKey s_key = new(new Tenant("app", "org"), "ns");

    /// <summary>A process that dies between finding emails served and passing their leads over leaves such gaps.</summary>
    [Fact]
    public async Task While_leads_wait_in_front_of_settled_ones_no_checkpoint_takes_the_settled_ones_for_waiting()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var hot = new HotSessions(database.DataSource, TimeProvider.System);
        var store = new BufferStore(database.DataSource, hot, TimeProvider.System);
        var claim = await store.CreateAsync(s_key);
        var origin = (await store.FindOrAddOriginAsync(claim.Id, claim.Epoch, new LeadOrigin(null, null, null)))!.Value;
        var leads = Enumerable.Range(1, 6).Select(n => Lead(origin, n)).ToList();
        await store.CommitPushesAsync([new PushWrite(claim.OrganizationId, claim.Id, claim.Epoch, leads, [])]);
        var settled = new PullWrite(claim.OrganizationId, claim.Id, claim.Epoch);
        foreach (var lead in leads.Where(lead => lead.Seq is not (2 or 4)))
        {
            var now = DateTimeOffset.UtcNow;
            settled.Serve(new ServedMark(Guid.CreateVersion7(now), now, lead));
        }

        await store.CommitPullsAsync([settled]);

        await using (var grid = await TestGrid.StartAsync(database))
        {
            Assert.Equal("2@x.example", await grid.Client.NextAsync("ns"));
        }

        await using var next = await TestGrid.StartAsync(database);
        Assert.Equal((1, 5, 0), await next.Client.CountsAsync("ns"));
        Assert.Equal(["4@x.example"], await next.Client.DrainAsync("ns"));
        Assert.Equal((0, 6, 0), await next.Client.CountsAsync("ns"));
    }

    [Fact]
    public async Task A_checkpoint_does_not_wait_for_the_disk_and_what_its_connection_commits_next_does()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var one = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database.ConnectionString) { MaxPoolSize = 1, NoResetOnClose = true });
        using var hot = new HotSessions(one, TimeProvider.System);
        var store = new BufferStore(one, hot, TimeProvider.System);
        var claim = await store.CreateAsync(s_key);
        await database.ExecuteAsync(
            """
            create table noted (synchronous text);
            create function note() returns trigger language plpgsql as
                $$ begin insert into noted values (current_setting('synchronous_commit')); return null; end $$;
            create constraint trigger at_commit after update on namespaces deferrable initially deferred for each row execute function note()
            """);

        Assert.Equal(1, await store.WriteCheckpointAsync(claim.Id, claim.Epoch, new Checkpoint(7, Guid.CreateVersion7(), 7, 0)));
        await store.ClaimAsync(s_key, []);

        Assert.Equal("off, on", await database.ScalarAsync<string>("select string_agg(synchronous, ', ' order by ctid) from noted"));
    }

    [Fact]
    public async Task A_checkpoint_that_comes_late_does_not_take_the_place_of_a_later_one()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var hot = new HotSessions(database.DataSource, TimeProvider.System);
        var store = new BufferStore(database.DataSource, hot, TimeProvider.System);
        var claim = await store.CreateAsync(s_key);
        Guid[] ids = [.. Enumerable.Range(0, 2).Select(_ => Guid.CreateVersion7()).Order()];

        Assert.Equal(1, await store.WriteCheckpointAsync(claim.Id, claim.Epoch, new Checkpoint(9, ids[1], 8, 1)));
        Assert.Equal(0, await store.WriteCheckpointAsync(claim.Id, claim.Epoch, new Checkpoint(7, ids[0], 7, 0)));

        Assert.Equal(new Checkpoint(9, ids[1], 8, 1), (await store.ClaimAsync(s_key, []))!.Settled);
    }

    private static WaitingLead Lead(long origin, int n)
        => new(n, origin, new LeadOrigin(null, null, null), new NewLead($"{n}@x.example", null, null));
}
