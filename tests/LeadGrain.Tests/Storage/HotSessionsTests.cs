using System.Collections.Concurrent;
using LeadGrain.Grains.Storage;
using LeadGrain.Tests.Postgres;
using Npgsql;

namespace LeadGrain.Tests.Storage;

public sealed class HotSessionsTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task The_session_used_last_is_used_next()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var sessions = new HotSessions(database.DataSource, TimeProvider.System);
        var (one, other) = (await sessions.RentAsync(), await sessions.RentAsync());
        var second = other.Connection.ProcessID;
        await one.DisposeAsync();
        await other.DisposeAsync();

        for (var time = 0; time < 3; time++)
        {
            Assert.Equal(second, await RentedAsync(sessions));
        }
    }

    [Fact]
    public async Task One_that_is_not_used_for_a_second_goes_back_to_the_pool()
    {
        await using var database = await TestDatabase.CreateAsync();
        var time = new FakeTime();
        using var sessions = new HotSessions(database.DataSource, time);
        var (one, other) = (await sessions.RentAsync(), await sessions.RentAsync());
        var first = one.Connection.ProcessID;
        await one.DisposeAsync();
        await other.DisposeAsync();

        time.Advance(TimeSpan.FromSeconds(1));

        // The pool's order, not that of the last use.
        Assert.Equal(first, await RentedAsync(sessions));
    }

    [Fact]
    public async Task One_that_was_kept_for_a_minute_goes_back_to_the_pool_after_its_next_use()
    {
        await using var database = await TestDatabase.CreateAsync();
        var time = new FakeTime();
        using var sessions = new HotSessions(database.DataSource, time);
        var (one, other) = (await sessions.RentAsync(), await sessions.RentAsync());
        var first = one.Connection.ProcessID;
        time.Advance(TimeSpan.FromMinutes(1));
        await one.DisposeAsync();
        await other.DisposeAsync();

        Assert.Equal(first, await RentedAsync(sessions));
    }

    [Fact]
    public async Task Who_reads_waits_for_others_that_read_and_leaves_two_thirds_to_who_writes()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var six = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database.ConnectionString) { MaxPoolSize = 6 });
        using var sessions = new HotSessions(six, TimeProvider.System);
        var reading = new[] { await sessions.RentToReadAsync(1), await sessions.RentToReadAsync(1) };
        var waiting = sessions.RentToReadAsync(1).AsTask();

        for (var n = 0; n < 4; n++)
        {
            await sessions.RentAsync().AsTask().WaitAsync(s_patience);
        }

        Assert.False(waiting.IsCompleted);
        await reading[0].DisposeAsync();
        await (await waiting.WaitAsync(s_patience)).DisposeAsync();
    }

    [Fact]
    public async Task Organizations_take_turns_at_reading()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var three = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database.ConnectionString) { MaxPoolSize = 3 });
        using var sessions = new HotSessions(three, TimeProvider.System);
        var order = new ConcurrentQueue<long>();
        var first = await sessions.RentToReadAsync(1);
        var waiting = new long[] { 1, 1, 1, 2 }.Select(ReadAsync).ToList();

        await first.DisposeAsync();
        await Task.WhenAll(waiting).WaitAsync(s_patience);

        Assert.Equal([1, 2, 1, 1], order);

        async Task ReadAsync(long organization)
        {
            await using var session = await sessions.RentToReadAsync(organization);
            order.Enqueue(organization);
        }
    }

    [Fact]
    public async Task Who_waits_for_one_gets_the_next_that_is_given_back()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var single = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database.ConnectionString) { MaxPoolSize = 1 });
        using var sessions = new HotSessions(single, TimeProvider.System);
        var only = await sessions.RentAsync();
        var process = only.Connection.ProcessID;
        var waiting = sessions.RentAsync().AsTask();
        Assert.False(waiting.IsCompleted);

        await only.DisposeAsync();

        await using var next = await waiting.WaitAsync(s_patience);
        Assert.Equal(process, next.Connection.ProcessID);
    }

    [Fact]
    public async Task After_one_broke_the_others_are_not_kept()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var sessions = new HotSessions(database.DataSource, TimeProvider.System);
        var (one, other) = (await sessions.RentAsync(), await sessions.RentAsync());
        var (first, second) = (one.Connection.ProcessID, other.Connection.ProcessID);
        await database.ExecuteAsync($"select pg_terminate_backend({first}), pg_terminate_backend({second})");
        await other.DisposeAsync();

        await using (var lost = one.Command("select 1"))
        {
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => lost.ExecuteScalarAsync());
        }

        await one.DisposeAsync();

        await using var next = await sessions.RentAsync();
        await using var works = next.Command("select 1");
        Assert.Equal(1, await works.ExecuteScalarAsync());
    }

    [Fact]
    public async Task Of_several_hosts_the_pool_is_asked_each_time()
    {
        await using var database = await TestDatabase.CreateAsync();
        var settings = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        settings.Host = $"{settings.Host},{settings.Host}";
        await using var several = new NpgsqlDataSourceBuilder(settings.ConnectionString).BuildMultiHost();
        using var sessions = new HotSessions(several, TimeProvider.System);
        var (one, other) = (await sessions.RentAsync(), await sessions.RentAsync());
        var first = one.Connection.ProcessID;
        await one.DisposeAsync();
        await other.DisposeAsync();

        Assert.Equal(first, await RentedAsync(sessions));
    }

    private static async Task<int> RentedAsync(HotSessions sessions)
    {
        await using var rented = await sessions.RentAsync();
        return rented.Connection.ProcessID;
    }
}
