using LeadGrain.Embedded.Ownership;
using LeadGrain.Grains.Storage;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Embedded;

/// <summary>What works in the background leaves the database alone while another process owns it.</summary>
public sealed class StandbyDutyTests
{
    [Fact]
    public async Task A_standby_does_not_knock_at_the_database_and_works_once_it_owns_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var owner = await OwnerHost.OwningAsync(database.ConnectionString);
        await using var standby = await TestGrid.StartUnreadyAsync(database);
        var turn = standby.Services.GetRequiredService<StoreTurn>().WaitAsync(CancellationToken.None);
        // That nothing comes no signal tells, and the database counts a session by its own clock: true time must pass.
        await Task.Delay(TimeSpan.FromSeconds(1.5)); // what a host opens once
        var before = await SessionsAsync(database);
        await Task.Delay(TimeSpan.FromSeconds(3)); // each second two duties would open one each
        Assert.InRange(await SessionsAsync(database) - before, 0, 3);
        Assert.False(turn.IsCompleted);

        await owner.StopAsync();
        await turn.WaitAsync(Eventually.Patience);
        await database.ExecuteAsync(
            """
            insert into organizations (app_id, org_id) values ('app', 'org');
            insert into jobs (id, organization_id, kind, spec)
            select gen_random_uuid(), id, 'none of ours', '{}' from organizations
            """);
        await Eventually.Async("its runner looked at the job", () => database.ScalarAsync<bool>("select state = 'failed' from jobs"));
    }

    [Fact]
    public async Task A_process_that_loses_the_database_waits_for_its_turn_anew()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var first = await OwnerHost.OwningAsync(database.ConnectionString);
        Assert.True(first.OwnedAsync().IsCompleted);
        await using var second = new OwnerHost(database.ConnectionString);
        await second.StartAsync();
        await second.IsAsync(OwnerState.Standby);
        Assert.False(second.OwnedAsync().IsCompleted);

        await first.StopAsync();
        Assert.False(first.OwnedAsync().IsCompleted);
        await second.OwnedAsync().WaitAsync(Eventually.Patience);
    }

    private static Task<long> SessionsAsync(TestDatabase database)
        => database.ScalarAsync<long>("select sessions from pg_stat_database where datname = current_database()");
}
