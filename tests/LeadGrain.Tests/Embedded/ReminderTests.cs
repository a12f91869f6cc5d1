using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Embedded;

public sealed class ReminderTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_reminder_is_stored_when_registered_and_ticks_at_its_start_and_after_every_period()
    {
        await using var db = await TestDatabase.CreateAsync();
        var time = new FakeTime();
        await using var host = await OwnerHost.OwningAsync(db.ConnectionString, time);
        var start = time.GetUtcNow() + (2 * Minute);
        await host.Grain<IReminded>("a").RegisterAsync("r", 2 * Minute, 5 * Minute);
        Assert.Equal(1L, await CountAsync(db));
        Assert.Equal(["r"], await host.Grain<IReminded>("a").ListAsync());
        Assert.Empty(await host.Grain<IReminded>("b").ListAsync());

        time.Advance(2 * Minute);
        var (name, status) = await host.Reminded.NextAsync();
        Assert.Equal(("r", start.UtcDateTime, 5 * Minute, start.UtcDateTime), (name, status.FirstTickTime, status.Period, status.CurrentTickTime));
        var again = await TickAgainAsync(host, time, 5 * Minute);
        Assert.Equal(TimeSpan.Zero, TimeSpan.FromTicks((again.CurrentTickTime - start.UtcDateTime).Ticks % (5 * Minute).Ticks));
    }

    [Fact]
    public async Task Ticks_missed_while_no_owner_lived_come_once_and_those_that_were_sent_do_not_come_again()
    {
        await using var db = await TestDatabase.CreateAsync();
        var time = new FakeTime();
        await using (var host = await OwnerHost.OwningAsync(db.ConnectionString, time))
        {
            await host.Grain<IReminded>("a").RegisterAsync("hourly", Minute, 60 * Minute);
            await host.Grain<IReminded>("a").RegisterAsync("often", Minute, 2 * Minute);
            time.Advance(Minute);
            string[] names = [(await host.Reminded.NextAsync()).Name, (await host.Reminded.NextAsync()).Name];
            Assert.Equal(["hourly", "often"], names.Order(StringComparer.Ordinal));
            await SentAsync(db, time.GetUtcNow());
        }

        time.Advance(10 * Minute);
        await using var next = await OwnerHost.OwningAsync(db.ConnectionString, time);
        Assert.Equal("often", (await next.Reminded.NextAsync()).Name);
        var (missed, again) = (time.GetUtcNow().UtcDateTime, await TickAgainAsync(next, time, 2 * Minute));
        Assert.NotEqual(missed, again.CurrentTickTime);
    }

    [Fact]
    public async Task A_reminder_that_fails_ticks_again()
    {
        await using var db = await TestDatabase.CreateAsync();
        var time = new FakeTime();
        await using var host = await OwnerHost.OwningAsync(db.ConnectionString, time);
        host.Reminded.OnTick = () => throw new InvalidDataException("cannot");
        await host.Grain<IReminded>("a").RegisterAsync("r", Minute, Minute);
        time.Advance(Minute);
        await host.Reminded.NextAsync();
        host.Reminded.OnTick = () => Task.CompletedTask;
        await TickAgainAsync(host, time, Minute);
    }

    [Fact]
    public async Task An_unregistered_reminder_does_not_tick_and_is_gone_from_the_database()
    {
        await using var db = await TestDatabase.CreateAsync();
        var time = new FakeTime();
        await using var host = await OwnerHost.OwningAsync(db.ConnectionString, time);
        await host.Grain<IReminded>("a").RegisterAsync("gone", Minute, Minute);
        await host.Grain<IReminded>("a").RegisterAsync("stays", 2 * Minute, Minute);
        await host.Grain<IReminded>("a").UnregisterAsync("gone");
        Assert.Equal(1L, await CountAsync(db));
        time.Advance(2 * Minute);
        Assert.Equal("stays", (await host.Reminded.NextAsync()).Name);
        Assert.Equal(["stays"], await host.Grain<IReminded>("a").ListAsync());
    }

    [Fact]
    public async Task A_reminder_that_is_registered_again_ticks_at_its_new_times_only()
    {
        await using var db = await TestDatabase.CreateAsync();
        var time = new FakeTime();
        await using var host = await OwnerHost.OwningAsync(db.ConnectionString, time);
        await host.Grain<IReminded>("a").RegisterAsync("r", Minute, Minute);
        await host.Grain<IReminded>("a").RegisterAsync("r", 30 * Minute, Minute);
        var due = time.GetUtcNow() + (30 * Minute);
        time.Advance(30 * Minute);
        Assert.Equal(due.UtcDateTime, (await host.Reminded.NextAsync()).Status.CurrentTickTime);
        Assert.Equal(1L, await CountAsync(db));
    }

    [Fact]
    public async Task Times_and_grains_that_cannot_be_are_refused()
    {
        await using var db = await TestDatabase.CreateAsync();
        await using var host = await OwnerHost.OwningAsync(db.ConnectionString, new FakeTime());
        var grain = host.Grain<IReminded>("a");
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => grain.RegisterAsync("r", Minute, Minute / 2));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => grain.RegisterAsync("r", -Minute, Minute));
        await Assert.ThrowsAsync<InvalidOperationException>(() => host.Grain<ICell>("a").Run(
            cell => ((Grain)cell).RegisterOrUpdateReminder("r", Minute, Minute)));
        Assert.Equal(0L, await CountAsync(db));
    }

    private static async Task<object?> CountAsync(TestDatabase db)
        => await db.DataSource.CreateCommand("select count(*) from embedded_reminders").ExecuteScalarAsync();

    private static async Task SentAsync(TestDatabase db, DateTimeOffset through)
    {
        using var deadline = new CancellationTokenSource(CellHost.Deadline);
        while ((DateTime)(await db.DataSource.CreateCommand(
            "select through from embedded_reminders_sent").ExecuteScalarAsync(deadline.Token))! < through.UtcDateTime)
        {
            await Task.Yield();
        }
    }

    // The last tick may still be ending when the next is due, which then is left out: one after it comes.
    private static async Task<TickStatus> TickAgainAsync(OwnerHost host, FakeTime time, TimeSpan step)
    {
        using var deadline = new CancellationTokenSource(CellHost.Deadline);
        while (true)
        {
            if (host.Reminded.Ticks.Reader.TryRead(out var tick))
            {
                return tick.Status;
            }

            deadline.Token.ThrowIfCancellationRequested();
            time.Advance(step);
            await host.Grain<IReminded>("a").ListAsync();
        }
    }
}
