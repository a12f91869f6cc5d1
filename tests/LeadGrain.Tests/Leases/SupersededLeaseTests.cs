using LeadGrain.Grains.Leases;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Leases;

/// <summary>What leases and dead leads are told of by an activation that others go on without, or beside.</summary>
public sealed class SupersededLeaseTests(LeaseGrid shared) : IClassFixture<LeaseGrid>
{
    private HttpClient Client => shared.Client;

    [Fact]
    public async Task A_lease_that_another_process_gave_is_acknowledged_by_an_activation_that_knew_nothing_of_it()
    {
        await Client.PushAsync("elsewhere", "a@x.example", "b@x.example");
        Assert.Single(await Client.LeaseAsync("elsewhere"));

        // As another silo does that holds the namespace while this activation lives on.
        var lease = Guid.NewGuid();
        await shared.Database.ExecuteAsync(
            $"""
            update namespaces set epoch = epoch + 1 where name = 'elsewhere';
            insert into held_leads (namespace_id, rank, seq, attempts, lease_id, due_at, held_for)
            select id, 0, 2, 1, '{lease}', clock_timestamp() + interval '1 hour', interval '1 hour' from namespaces where name = 'elsewhere'
            """);
        var answer = await Client.PostAsync("/buffer/ack", new { @namespace = "elsewhere", leaseIds = new[] { $"{lease}" } });

        Assert.Equal("acked", (string?)answer["results"]![0]!["outcome"]);
        Assert.Equal((0, 1, 0, 1, 0), await Client.AllCountsAsync("elsewhere"));
    }

    [Fact]
    public async Task An_activation_without_leads_notices_within_seconds_that_another_process_has_some()
    {
        await Client.PushAsync("dry", "a@x.example");
        Assert.Equal(["a@x.example"], await Client.DrainAsync("dry"));
        await shared.Database.ExecuteAsync(
            """
            update namespaces set epoch = epoch + 1 where name = 'dry';
            insert into held_leads (namespace_id, rank, seq) select id, 0, 1 from namespaces where name = 'dry';
            delete from served_leads where namespace_id = (select id from namespaces where name = 'dry')
            """);

        shared.Time.Advance(TimeSpan.FromSeconds(6));

        Assert.Equal("a@x.example", await Client.NextAsync("dry"));
    }

    [Fact]
    public async Task A_lease_that_nobody_gave_leaves_the_activation_as_it_is()
    {
        await Client.PushAsync("nobody", "a@x.example");
        var leased = await Client.LeaseAsync("nobody");
        var answer = await Client.PostAsync("/buffer/ack", new { @namespace = "nobody", leaseIds = new[] { $"{Guid.NewGuid()}" } });

        Assert.Equal("not_held", (string?)answer["results"]![0]!["outcome"]);
        Assert.Equal(1L, await shared.Database.ScalarAsync<long>("select epoch from namespaces where name = 'nobody'"));
        Assert.Equal(["acked"], await Client.AckAsync("nobody", leased));
    }

    [Fact]
    public async Task Those_that_die_while_all_are_revived_are_not_among_them()
    {
        for (var lead = 0; lead < 3; lead++)
        {
            await Client.PushAsync("dying", $"{lead}@x.example");
            for (var attempt = 1; attempt <= 5; attempt++)
            {
                await Client.NackAsync("dying", 0, Assert.Single(await Client.LeaseAsync("dying")));
            }
        }

        var store = shared.Grid.Services.GetRequiredService<DeadLeadStore>();
        var id = await shared.Database.ScalarAsync<long>("select id from namespaces where name = 'dying'");
        var (all, _) = await store.ListAsync(id, null, Guid.Empty, Guid.AllBitsSet, 10, 1_000_000, new());
        var (earlier, _) = await store.ListAsync(id, null, Guid.Empty, all[1].Id, 10, 1_000_000, new());

        Assert.Equal(3, all.Count);
        Assert.Equal(all[2].Id, await store.LastAsync(id));
        Assert.Equal(all.Take(2).Select(dead => dead.Id), earlier.Select(dead => dead.Id));
        var answer = await Client.PostAsync("/namespaces/dying/dead/revive", new { all = true });
        Assert.Equal(3, (int)answer["revived"]!);
    }
}
