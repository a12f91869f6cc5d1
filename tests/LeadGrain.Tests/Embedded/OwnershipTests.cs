using LeadGrain.Embedded.Hosting;
using LeadGrain.Embedded.Ownership;
using LeadGrain.Tests.Ingestion;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace LeadGrain.Tests.Embedded;

public sealed class OwnershipTests
{
    private const string EndOwner =
        """
        select pg_terminate_backend(pid) from pg_locks
        where locktype = 'advisory' and granted
          and database = (select oid from pg_database where datname = current_database())
        """;

    [Fact]
    public async Task Of_three_hosts_one_owns_and_what_it_wrote_is_never_followed_by_an_earlier_owners_write()
    {
        await using var db = await TestDatabase.CreateAsync();
        await db.ExecuteAsync("create table writes (n bigserial, term bigint)");
        var signal = new LogSignal();
        await using OwnerHost a = new(db.ConnectionString, signal: signal),
            b = new(db.ConnectionString, signal: signal),
            c = new(db.ConnectionString, signal: signal);
        OwnerHost[] hosts = [a, b, c];
        await Task.WhenAll(hosts.Select(h => h.StartAsync()));
        using var stop = new CancellationTokenSource();
        var wrote = 0L;
        var writers = hosts.Select(h => Task.Run(() => WriteAsync(h, Wrote, stop.Token))).ToArray();
        var seen = 0L;
        for (var takeover = 0; takeover < 5; takeover++)
        {
            var before = seen;
            await signal.UntilAsync(() => hosts.Any(h => h.State == OwnerState.Owner && h.Term > before && (seen = Volatile.Read(ref wrote)) == h.Term));
            await signal.UntilAsync(() => hosts.Count(h => h.State == OwnerState.Standby) == 2);
            await db.DataSource.CreateCommand(EndOwner).ExecuteNonQueryAsync();
        }

        await signal.UntilAsync(() => hosts.Any(h => h.State == OwnerState.Owner && h.Term > seen));
        await stop.CancelAsync();
        await Task.WhenAll(writers).WaitAsync(CellHost.Deadline);
        var terms = await TermsAsync(db);
        Assert.True(terms.Distinct().Count() >= 5);
        Assert.Equal(terms.Order(), terms);

        void Wrote(long term)
        {
            if (Interlocked.Exchange(ref wrote, term) != term)
            {
                signal.Wake();
            }
        }
    }

    [Fact]
    public async Task An_owner_whose_lock_connection_is_ended_stops_serving_and_a_standby_takes_over()
    {
        await using var db = await TestDatabase.CreateAsync();
        await using var owner = await OwnerHost.OwningAsync(db.ConnectionString);
        await using var standby = new OwnerHost(db.ConnectionString);
        await standby.StartAsync();
        await standby.IsAsync(OwnerState.Standby);
        Assert.Equal(1, await owner.Grain<ICell>("a").Add());
        Assert.True((await Assert.ThrowsAsync<NotOwnerException>(() => standby.Grain<ICell>("a").Add())).NothingWasDone);

        await db.DataSource.CreateCommand(EndOwner).ExecuteNonQueryAsync();
        await owner.IsNotAsync(OwnerState.Owner);
        Assert.Equal(0, owner.Activations);
        var first = await Task.WhenAny(standby.IsAsync(OwnerState.Owner), owner.IsAsync(OwnerState.Owner));
        await first;
        var (now, other) = standby.State == OwnerState.Owner ? (standby, owner) : (owner, standby);
        Assert.Equal(1, await now.Grain<ICell>("a").Add());
        await Assert.ThrowsAsync<NotOwnerException>(() => other.Grain<ICell>("a").Add());
    }

    [Fact]
    public async Task A_stopping_owner_says_goodbye_while_it_can_still_write_and_hands_over_at_once()
    {
        await using var db = await TestDatabase.CreateAsync();
        await db.ExecuteAsync("create table goodbyes (n int)");
        var owner = await OwnerHost.OwningAsync(db.ConnectionString);
        await using var standby = new OwnerHost(db.ConnectionString);
        await standby.StartAsync();
        await standby.IsAsync(OwnerState.Standby);
        owner.Cells.OnDeactivate = _ => owner.Store.CreateCommand("insert into goodbyes values (1)").ExecuteNonQueryAsync();
        await owner.Grain<ICell>("a").Add();
        await owner.DisposeAsync();
        await standby.IsAsync(OwnerState.Owner);
        Assert.Equal(1L, await db.ScalarAsync<long>("select count(*) from goodbyes"));
    }

    [Fact]
    public async Task An_owner_whose_database_goes_away_for_a_while_owns_it_again()
    {
        await using var db = await TestDatabase.CreateAsync();
        await using var owner = await OwnerHost.OwningAsync(db.ConnectionString);
        var name = new NpgsqlConnectionStringBuilder(db.ConnectionString).Database!;
        await using var server = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(db.ConnectionString) { Database = "postgres", Pooling = false });
#pragma warning disable CA2100 // A name made by the test; names cannot be parameters.
        await server.CreateCommand($"alter database {name} with allow_connections false").ExecuteNonQueryAsync();
        await server.CreateCommand($"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'").ExecuteNonQueryAsync();
        await owner.IsAsync(OwnerState.Starting);
        await Assert.ThrowsAsync<NotOwnerException>(() => owner.Grain<ICell>("a").Add());
        await server.CreateCommand($"alter database {name} with allow_connections true").ExecuteNonQueryAsync();
#pragma warning restore CA2100
        await owner.IsAsync(OwnerState.Owner);
        Assert.Equal(1, await owner.Grain<ICell>("a").Add());
        Assert.Equal(1, await owner.Store.CreateCommand("select 1").ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_standby_holds_no_statement_open_in_the_database()
    {
        await using var db = await TestDatabase.CreateAsync();
        await using var owner = await OwnerHost.OwningAsync(db.ConnectionString);
        await using var standby = new OwnerHost(db.ConnectionString);
        await standby.StartAsync();
        await standby.IsAsync(OwnerState.Standby);
        Assert.Equal(0L, await db.ScalarAsync<long>(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_duty_that_ends_gives_the_ownership_up_and_starts_anew_alone(bool throws)
    {
        await using var db = await TestDatabase.CreateAsync();
        var duty = new BrokenDuty(throws);
        await using var host = new OwnerHost(db.ConnectionString, configure: s => s.AddSingleton<IOwnerDuty>(duty).AddSingleton<IOwnerDuty>(duty.Other));
        await host.StartAsync();
        await host.Signal.UntilAsync(() => host.Term >= 3);
        Assert.False(duty.Other.Overlapped);
    }

    [Fact]
    public async Task A_host_that_stops_does_not_say_that_it_lost_the_database()
    {
        await using var db = await TestDatabase.CreateAsync();
        var (lines, duty) = (new LogEntries(), new CutDuty());
        await using var host = new OwnerHost(
            db.ConnectionString, configure: s => s.AddSingleton<IOwnerDuty>(duty).AddLogging(l => l.AddProvider(lines)));
        await host.StartAsync();
        await duty.Waits.Task.WaitAsync(CellHost.Deadline);
        await host.StopAsync();
        Assert.NotEmpty(lines.All);
        Assert.DoesNotContain(lines.All, l => l.Level >= LogLevel.Warning);
    }

    private static async Task WriteAsync(OwnerHost host, Action<long> wrote, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            if (host.Term is null)
            {
                await Task.Delay(1, CancellationToken.None);
                continue;
            }

            try
            {
                // The connection first: as long as it lives, the term is the one it was opened under.
                await using var connection = await host.Store.OpenConnectionAsync(cancellationToken);
                await using var command = new NpgsqlCommand("insert into writes (term) values ($1)", connection);
                var term = host.Term ?? throw new NotOwnerException();
                command.Parameters.AddWithValue(term);
                await command.ExecuteNonQueryAsync(cancellationToken);
                wrote(term);
            }
            catch (Exception exception) when (exception is NpgsqlException or NotOwnerException or OperationCanceledException)
            {
                await Task.Delay(1, CancellationToken.None);
            }
        }
    }

    private static async Task<List<long>> TermsAsync(TestDatabase db)
    {
        await using var reader = await db.DataSource.CreateCommand("select term from writes order by n").ExecuteReaderAsync();
        var terms = new List<long>();
        while (await reader.ReadAsync())
        {
            terms.Add(reader.GetInt64(0));
        }

        return terms;
    }

    private sealed class BrokenDuty(bool throws) : IOwnerDuty
    {
        public PatientDuty Other { get; } = new();

        public Task RunAsync(CancellationToken cancellationToken)
            => throws ? throw new InvalidDataException("cannot") : Task.CompletedTask;
    }

    // Broken off, it fails at once, as a statement does whose session is ended, and before the others: what waits last is told first.
    private sealed class CutDuty : IOwnerDuty
    {
        public TaskCompletionSource Waits { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            await Task.Delay(TimeSpan.FromSeconds(0.3), cancellationToken);
            var cut = new TaskCompletionSource();
            cancellationToken.Register(() => cut.SetException(new IOException("cut")));
            Waits.SetResult();
            await cut.Task;
        }
    }

    private sealed class PatientDuty : IOwnerDuty
    {
        private int _running;

        public bool Overlapped { get; private set; }

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            Overlapped |= Interlocked.Increment(ref _running) > 1;
            await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Task.Yield();
            Interlocked.Decrement(ref _running);
        }
    }
}
