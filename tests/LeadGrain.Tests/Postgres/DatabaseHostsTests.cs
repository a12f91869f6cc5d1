using FsCheck;
using FsCheck.Fluent;
using LeadGrain.Silo;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace LeadGrain.Tests.Postgres;

public sealed class DatabaseHostsTests
{
    [Theory]
    [InlineData("a:6543,b", "a:6543 b:7000")]
    [InlineData("a, b:1", "a:7000 b:1")]
    [InlineData("[::1]:6543,[2001:db8::7]", "::1:6543 2001:db8::7:7000")]
    [InlineData("2001:db8::7,b:1", "2001:db8::7:7000 b:1")]
    [InlineData("/run/one:6543,/run/two", "/run/one:6543 /run/two:7000")]
    [InlineData("only", "only:7000")]
    public void Each_host_can_be_connected_to_alone(string hosts, string expected)
    {
        var settings = new NpgsqlConnectionStringBuilder { Host = hosts, Port = 7000, Username = "ann", Password = "pw", Database = "leads" };
        DatabaseHosts.Tune(settings);

        var alone = DatabaseHosts.Split(settings);

        Assert.Equal(expected, string.Join(' ', alone.Select(host => $"{host.Host}:{host.Port}")));
        Assert.All(alone, host => Assert.Equal(("ann", "pw", "leads"), (host.Username, host.Password, host.Database)));
        foreach (var host in alone)
        {
            using var source = new NpgsqlDataSourceBuilder(host.ConnectionString).Build();
        }
    }

    [Fact]
    public void Of_several_hosts_the_one_that_can_be_written_to_is_asked_for_and_a_standby_is_looked_at_again_soon()
    {
        var several = new NpgsqlConnectionStringBuilder("Host=a,b;Target Session Attributes=any");
        DatabaseHosts.Tune(several);
        Assert.Equal(("read-write", 1), (several.TargetSessionAttributes, several.HostRecheckSeconds));
        Assert.Equal("a,b", DatabaseHosts.Name(several));
        using var source = DatabaseHosts.BuildSource(new NpgsqlDataSourceBuilder(several.ConnectionString));

        var told = new NpgsqlConnectionStringBuilder("Host=a,b;Host Recheck Seconds=7");
        DatabaseHosts.Tune(told);
        Assert.Equal(7, told.HostRecheckSeconds);

        var one = new NpgsqlConnectionStringBuilder("Host=a");
        DatabaseHosts.Tune(one);
        Assert.Equal((null, "a:5432"), (one.TargetSessionAttributes, DatabaseHosts.Name(one)));
    }

    [Fact]
    public void Several_hosts_of_which_none_can_be_written_to_are_waited_for_and_a_refusal_is_not()
    {
        var (one, several) = (new NpgsqlConnectionStringBuilder("Host=a"), new NpgsqlConnectionStringBuilder("Host=a,b"));
        var noneSuits = new NpgsqlException("No suitable host.");
        var wrongPassword = new PostgresException("no", "FATAL", "FATAL", PostgresErrorCodes.InvalidPassword);
        var starting = new PostgresException("starting", "FATAL", "FATAL", PostgresErrorCodes.CannotConnectNow);

        Assert.Equal((false, true), (DatabaseHosts.IsAway(noneSuits, one), DatabaseHosts.IsAway(noneSuits, several)));
        Assert.Equal((false, false), (DatabaseHosts.IsAway(wrongPassword, one), DatabaseHosts.IsAway(wrongPassword, several)));
        Assert.Equal((true, true), (DatabaseHosts.IsAway(starting, one), DatabaseHosts.IsAway(starting, several)));
        Assert.True(DatabaseHosts.IsAway(new TimeoutException(), one)); // a name that is not resolved in time
    }

    [Fact]
    public void The_host_to_use_can_be_written_to_and_no_other_was_promoted_later() => Prop.ForAll(
        Gen.Choose(0, 7).ListOf().ToArbitrary(), // of each host: its timeline, and whether it can be written to
        Gen.Choose(0, 3).ToArbitrary(),
        (hosts, known) =>
        {
            var answers = hosts.Select((host, n) => new HostAnswer(new($"Host=h{n}"), host % 2 == 1, host / 2, null)).ToList();

            var chosen = LatestPrimary.Choose(answers, known);

            return chosen is null
                ? !answers.Any(answer => answer.IsWritable && answer.Timeline >= known && answers.All(other => other.Timeline <= answer.Timeline))
                : chosen.IsWritable && chosen.Timeline >= known && answers.All(answer => answer.Timeline <= chosen.Timeline);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(2, "b")]
    [InlineData(4, "a")] // silent for good: it is done without
    public async Task A_process_that_knows_nothing_yet_asks_a_silent_host_again_before_it_takes_another(int silentFor, string expected)
    {
        var asked = 0;
        var latest = new LatestPrimary(TimeProvider.System, NullLogger<LatestPrimary>.Instance)
        {
            Ask = (host, _) => Task.FromResult(
                host.Host == "a" ? new HostAnswer(host, true, 1, null)
                : ++asked <= silentFor ? new HostAnswer(host, false, 0, new NpgsqlException("No answer."))
                : new HostAnswer(host, true, 2, null)),
        };

        var (found, _) = await latest.FindAsync("Host=a,b", CancellationToken.None);

        Assert.Equal(expected, new NpgsqlConnectionStringBuilder(found).Host);
        var before = asked;
        await latest.FindAsync("Host=a,b", CancellationToken.None);
        Assert.Equal(1, asked - before);
    }

    [Fact]
    public async Task A_host_that_is_away_is_passed_over()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        var there = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        there.Host = $"127.0.0.1:1,{there.Host}:{there.Port}";
        var latest = new LatestPrimary(TimeProvider.System, NullLogger<LatestPrimary>.Instance);

        var (found, timeline) = await latest.FindAsync(there.ConnectionString, CancellationToken.None);

        Assert.Equal(1, timeline);
        await using var source = NpgsqlDataSource.Create(found);
        Assert.Equal(there.Database, await source.CreateCommand("select current_database()::text").ExecuteScalarAsync());

        there.Host = "127.0.0.1:1,127.0.0.1:2";
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => latest.FindAsync(there.ConnectionString, CancellationToken.None));
    }
}
