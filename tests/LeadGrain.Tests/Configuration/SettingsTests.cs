using LeadGrain.Embedded.Hosting;
using LeadGrain.Silo;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace LeadGrain.Tests.Configuration;

/// <summary>What a user is told of a setting that cannot be used.</summary>
public sealed class SettingsTests
{
    [Theory]
    [InlineData("Idempotency__KeptFor", "24:00:00", "24 hours are 1.00:00:00")]
    [InlineData("Enrichment__NotFoundFor", "30", "30 is not a time as hh:mm:ss")]
    [InlineData("KEY_CACHE", "5", "5 is not a time as hh:mm:ss")]
    [InlineData("KEY_CACHE", "01:00:00", "The field KEY_CACHE must be between 00:00:00 and 00:05:00.")]
    [InlineData("MAX_IN_FLIGHT", "0", "The field MAX_IN_FLIGHT must be between 1 and 1000000.")]
    [InlineData("MAX_IN_FLIGHT", "many", "MAX_IN_FLIGHT")]
    [InlineData("Buffer__QueueLimit", "0", "The field Buffer__QueueLimit must be")]
    [InlineData("Campaigns__BreakerFailures", "0", "The field Campaigns__BreakerFailures must be")]
    [InlineData("LEASE_MAX_ATTEMPTS", "0", "The field LEASE_MAX_ATTEMPTS must be")]
    public async Task A_setting_that_cannot_be_used_is_named_as_it_is_set(string name, string value, string told)
    {
        await using var database = await TestDatabase.CreateAsync();
        var settings = new GridSettings(database.ConnectionString, "key", 0, LoopbackOnly: true)
        {
            Overrides = new Dictionary<string, string?> { [name.Replace("__", ":", StringComparison.Ordinal)] = value },
        };

        var fault = await Record.ExceptionAsync(async () =>
        {
            await using var app = Grid.Build(settings, static builder => builder.Logging.ClearProviders());
            await app.StartAsync();
        });

        Assert.Contains(told, Settings.Explain(Assert.IsAssignableFrom<Exception>(fault)), StringComparison.Ordinal);
        Assert.Contains(name.Split("__")[^1], Settings.Explain(fault!), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("00:00:00.500", 0.5)]
    [InlineData("1.00:00:00", 86_400.0)]
    [InlineData(" 23:59:59", 86_399.0)]
    [InlineData("24:00:00", null)]
    [InlineData("7", null)]
    [InlineData("", null)]
    public void Times_are_read_as_they_are_documented(string text, double? seconds)
        => Assert.Equal(seconds, TimeSetting.TryRead(text, out var time) ? time.TotalSeconds : null);

    [Fact]
    public async Task A_database_that_breaks_off_as_the_process_starts_is_told_in_a_line()
    {
        await using var database = await TestDatabase.CreateAsync();
        var fault = await Assert.ThrowsAnyAsync<NpgsqlException>(() => database.ExecuteAsync("select pg_terminate_backend(pg_backend_pid())"));

        Assert.StartsWith("The database broke off", Settings.Explain(fault), StringComparison.Ordinal);
        Assert.StartsWith("The database did not answer", Settings.Explain(new TimeoutException()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_store_uses_the_database_that_everything_else_uses_whatever_the_hosts_section_says()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(
            database, null, ("EmbeddedHost:ConnectionString", "Host=nowhere"), ("EmbeddedHost:CollectionAge", "00:01:00"));

        var options = grid.Services.GetRequiredService<IOptions<EmbeddedHostOptions>>().Value;

        Assert.Equal(
            new NpgsqlConnectionStringBuilder(database.ConnectionString).Database, new NpgsqlConnectionStringBuilder(options.ConnectionString).Database);
        Assert.Equal(TimeSpan.FromMinutes(1), options.CollectionAge);
    }
}
