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

        var (name, first) = await NextTickAsync(host, time);
        Assert.Equal(("r", start.UtcDateTime, 5 * Minute), (name, first.FirstTickTime, first.Period));
        Assert.True(first.CurrentTickTime >= start.UtcDateTime);
        var (_, second) = await NextTickAsync(host, time);
        Assert.True(second.CurrentTickTime >= (start + (5 * Minute)).UtcDateTime);
    }

    [Fact]
    public async Task Ticks_missed_while_no_owner_lived_come_once_and_those_that_were_sent_do_not_come_again()
    {
        await using var db = await TestDatabase.CreateAsync();
        var time = new FakeTime();
        await using (var host = await OwnerHost.OwningAsync(db.ConnectionString, time))
        {
            await host.Grain<IReminded>("a").RegisterAsync("daily", Minute, TimeSpan.FromDays(1));
            await host.Grain<IReminded>("a").RegisterAsync("often", Minute, 2 * Minute);
            var due = time.GetUtcNow() + Minute;
            string[] names = [(await NextTickAsync(host, time)).Name, (await host.Reminded.NextAsync()).Name];
            Assert.Equal(["daily", "often"], names.Order(StringComparer.Ordinal));
            await SentAsync(db, due);
        }

        await UnownedAsync(db);
        time.Advance(10 * Minute);
        await using var next = await OwnerHost.OwningAsync(db.ConnectionString, time);
        Assert.Equal("often", (await next.Reminded.NextAsync()).Name);
        Assert.Equal("often", (await NextTickAsync(next, time)).Name);
    }

    [Fact]
    public async Task A_reminder_that_fails_ticks_again()
    {
        await using var db = await TestDatabase.CreateAsync();
        var time = new FakeTime();
        await using var host = await OwnerHost.OwningAsync(db.ConnectionString, time);
        host.Reminded.OnTick = () => throw new InvalidDataException("cannot");
        await host.Grain<IReminded>("a").RegisterAsync("r", Minute, Minute);
        await NextTickAsync(host, time);
        host.Reminded.OnTick = () => Task.CompletedTask;
        await NextTickAsync(host, time);
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
        Assert.Equal("stays", (await NextTickAsync(host, time)).Name);
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
        Assert.True((await NextTickAsync(host, time)).Status.CurrentTickTime >= due.UtcDateTime);
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

    private static Task<long> CountAsync(TestDatabase db) => db.ScalarAsync<long>("select count(*) from embedded_reminders");

    private static async Task SentAsync(TestDatabase db, DateTimeOffset through) => await Eventually.FindAsync(
        $"reminders are sent through {through}",
        () => db.ScalarAsync<DateTime>("select through from embedded_reminders_sent"),
        found => found >= through.UtcDateTime);

    // The server ends a session some time after its client has gone; a fake clock paces no second attempt at the lock.
    private static async Task UnownedAsync(TestDatabase db) => await Eventually.FindAsync(
        "nobody is the owner",
        () => db.ScalarAsync<long>("select count(*) from pg_stat_activity where datname = current_database() and application_name = 'leadgrain-owner'"),
        found => found == 0);

    // Minute by minute, for the loop sets its timer some time after it has looked at the clock, and a tick that is still
    // ending when the next is due leaves that one out. ReminderScheduleTests hold the exact instants.
    private static async Task<(string Name, TickStatus Status)> NextTickAsync(OwnerHost host, FakeTime time)
    {
        (string, TickStatus) tick = default;
        await Eventually.Async("a reminder ticks", async () =>
        {
            if (host.Reminded.Ticks.Reader.TryRead(out tick))
            {
                return true;
            }

            time.Advance(Minute);
            await host.Grain<IReminded>("a").ListAsync();
            return false;
        });
        return tick;
    }
}
