using LeadGrain.Embedded.Hosting;
using LeadGrain.Embedded.Ownership;
using LeadGrain.Tests.Postgres;
using Npgsql;

namespace LeadGrain.Tests.Embedded;

public sealed class FenceTests
{
    [Fact]
    public async Task A_fenced_off_owner_can_open_no_connection()
    {
        await using var db = await TestDatabase.CreateAsync();
        await using var first = await TakeAsync(db);
        var term = new OwnerTerm();
        await using var store = Fenced(db, term);
        await Assert.ThrowsAsync<FencedException>(async () => await store.OpenConnectionAsync());
        term.Current = first.Term;
        await using (await store.OpenConnectionAsync())
        {
        }

        await first.DisposeAsync();
        await using var second = await TakeAsync(db);
        Assert.Equal(first.Term + 1, second.Term);
        store.Clear();
        await Assert.ThrowsAsync<FencedException>(async () => await store.OpenConnectionAsync());
    }

    [Fact]
    public async Task An_earlier_owners_open_transactions_end_at_the_takeover()
    {
        await using var db = await TestDatabase.CreateAsync();
        await db.ExecuteAsync("create table writes (n int)");
        await using var first = await TakeAsync(db);
        await using var store = Fenced(db, new OwnerTerm { Current = first.Term });
        await using var connection = await store.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await new NpgsqlCommand("insert into writes values (1)", connection).ExecuteNonQueryAsync();

        await first.DisposeAsync();
        await using var second = await TakeAsync(db);
        await Assert.ThrowsAnyAsync<Exception>(() => transaction.CommitAsync());
        Assert.Equal(0L, await db.ScalarAsync<long>("select count(*) from writes"));
    }

    [Fact]
    public async Task A_silent_owner_loses_the_lock_to_a_standby()
    {
        await using var db = await TestDatabase.CreateAsync();
        await using var silent = await TakeAsync(db);
        await using var store = Fenced(db, new OwnerTerm { Current = silent.Term });
        await using var connection = await store.OpenConnectionAsync();
        var stoodBy = false;
        await using var next = await TakeAsync(db, () => stoodBy = true);
        Assert.True(stoodBy);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => silent.WatchAsync(Options(db), TimeProvider.System, CancellationToken.None));
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => new NpgsqlCommand("select 1", connection).ExecuteNonQueryAsync());
    }

    [Fact]
    public async Task An_owner_cut_off_from_the_database_stops_before_the_next_one_starts_and_writes_nothing_afterwards()
    {
        await using var db = await TestDatabase.CreateAsync();
        await db.ExecuteAsync("create table writes (n int)");
        await using var relay = new Relay(db.ConnectionString);
        await using var cutOff = await OwnerHost.OwningAsync(relay.ConnectionString);
        await using var standby = new OwnerHost(db.ConnectionString);
        await standby.StartAsync();
        await standby.IsAsync(OwnerState.Standby);
        await using var connection = await cutOff.Store.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await new NpgsqlCommand("insert into writes values (1)", connection).ExecuteNonQueryAsync();

        relay.Freeze();
        var commit = transaction.CommitAsync();
        try
        {
            await standby.IsAsync(OwnerState.Owner);
            Assert.NotEqual(OwnerState.Owner, cutOff.State);
            await Assert.ThrowsAsync<NotOwnerException>(() => cutOff.Grain<ICell>("a").Add());
        }
        finally
        {
            // A connection that is put away while it commits throws, and hides what the test failed of.
            relay.Thaw();
            await Task.WhenAny(commit, Task.Delay(CellHost.Deadline));
        }

        Assert.True(commit.IsFaulted, $"{commit.Status}");

        // It is back: it stands by, or owns again where a busy machine kept the other from its heartbeats.
        await cutOff.Signal.UntilAsync(() => cutOff.State is OwnerState.Standby or OwnerState.Owner);
        Assert.Equal(0L, await db.ScalarAsync<long>("select count(*) from writes"));
    }

    [Fact]
    public async Task The_term_of_who_owns_a_promoted_host_is_above_all_that_its_former_primary_can_give_and_is_not_proven_there()
    {
        await using var db = await TestDatabase.CreateAsync();
        await using var former = await TestDatabase.CreateAsync();
        await former.ExecuteAsync("update embedded_owner set term = 1000000");
        await using var held = await TakeAsync(Options(db, () => 2));
        await using var store = Fenced(former, new OwnerTerm { Current = held.Term });

        Assert.Equal((2L << 32) + 1, held.Term);
        await Assert.ThrowsAsync<FencedException>(async () => await store.OpenConnectionAsync());
        await held.DisposeAsync();
        await using var next = await TakeAsync(Options(db, () => 2));
        Assert.Equal((2L << 32) + 2, next.Term);
    }

    [Fact]
    public async Task Who_waited_at_a_host_while_another_was_promoted_does_not_own_it()
    {
        await using var db = await TestDatabase.CreateAsync();
        var timeline = 1L;
        var first = await TakeAsync(Options(db, () => Volatile.Read(ref timeline)));
        var standsBy = new TaskCompletionSource();
        var waiting = TakeAsync(Options(db, () => Volatile.Read(ref timeline)), standsBy.SetResult);
        await standsBy.Task.WaitAsync(CellHost.Deadline);

        Volatile.Write(ref timeline, 2);
        await first.DisposeAsync();

        Assert.Equal("Another host was promoted.", (await Assert.ThrowsAsync<AnotherPromotedException>(() => waiting)).Message);
        Assert.Equal(first.Term, await db.ScalarAsync<long>("select term from embedded_owner"));
    }

    [Fact]
    public async Task An_owner_whose_host_is_the_last_promoted_no_more_gives_up_and_ends_what_its_stores_have_open()
    {
        await using var db = await TestDatabase.CreateAsync();
        var timeline = 1L;
        var options = Options(db, () => Volatile.Read(ref timeline));
        await using var held = await TakeAsync(options);
        await using var store = Fenced(db, new OwnerTerm { Current = held.Term });
        await using var connection = await store.OpenConnectionAsync();
        var watching = held.WatchHostsAsync(options, TimeProvider.System, CancellationToken.None);

        Volatile.Write(ref timeline, 2);

        Assert.Equal("Another host was promoted.", (await Assert.ThrowsAsync<AnotherPromotedException>(() => watching.WaitAsync(CellHost.Deadline))).Message);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => new NpgsqlCommand("select 1", connection).ExecuteNonQueryAsync());
    }

    [Fact]
    public async Task An_owner_that_is_not_told_in_time_which_host_is_the_last_promoted_goes_on()
    {
        await using var db = await TestDatabase.CreateAsync();
        var (asked, slow) = (0, false);
        var options = Options(db);
        options.FindHost = (connection, _) => Volatile.Read(ref slow) && Interlocked.Increment(ref asked) <= 2
            ? Task.FromException<(string, long)>(new TimeoutException())
            : Task.FromResult((connection, Volatile.Read(ref asked) > 2 ? 2L : 1L));
        await using var held = await TakeAsync(options);
        Volatile.Write(ref slow, true);

        await Assert.ThrowsAsync<AnotherPromotedException>(
            () => held.WatchHostsAsync(options, TimeProvider.System, CancellationToken.None).WaitAsync(CellHost.Deadline));

        Assert.True(asked > 2);
    }

    // Of several hosts, the one that is there was promoted last by this timeline.
    private static EmbeddedHostOptions Options(TestDatabase db, Func<long> timeline)
    {
        var options = Options(db);
        options.FindHost = (connection, _) => Task.FromResult((connection, timeline()));
        return options;
    }

    private static EmbeddedHostOptions Options(TestDatabase db) => new()
    {
        ConnectionString = db.ConnectionString,
        Heartbeat = TimeSpan.FromMilliseconds(200),
        OwnerTimeout = TimeSpan.FromSeconds(1),
    };

    private static Task<DatabaseLock> TakeAsync(TestDatabase db, Action? standingBy = null)
        => TakeAsync(Options(db), standingBy);

    private static Task<DatabaseLock> TakeAsync(EmbeddedHostOptions options, Action? standingBy = null)
        => DatabaseLock.TakeAsync(options, standingBy ?? (() => { }), TimeProvider.System, CancellationToken.None).WaitAsync(CellHost.Deadline);

    private static NpgsqlDataSource Fenced(TestDatabase db, OwnerTerm term) => term.BuildSource(Options(db), "fenced");
}
