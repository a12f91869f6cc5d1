using System.Net;
using System.Net.Sockets;

namespace LeadGrain.CrashTests.Processes;

/// <summary>What a user can get wrong ends the host with one line that says so.</summary>
public sealed class WrongSettingTests
{
    [Theory]
    [InlineData("PORT", "abc")]
    [InlineData("PORT", "65536")]
    [InlineData("DATABASE_URL", "nonsense")]
    [InlineData("DATABASE_URL", "mysql://localhost/leads")]
    public Task A_setting_that_is_needed_first_is_refused(string name, string value)
        => AssertRefusedAsync(new GridSettings { More = { [name] = value } }, name);

    [Theory]
    [InlineData("APOLLO_SERVICE_URL", "http://example.com")]
    [InlineData("RUNS_SERVICE_URL", "http://example.com")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "http://example.com")]
    [InlineData("SENTRY_DSN", "nonsense")]
    [InlineData("LOG_LEVEL", "loud")]
    [InlineData("MAX_IN_FLIGHT", "many")]
    [InlineData("MAX_IN_FLIGHT", "0")]
    public async Task A_setting_of_a_part_is_refused(string name, string value)
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        var settings = new GridSettings { DatabaseUrl = database.ConnectionString, More = { [name] = value } };
        await AssertRefusedAsync(settings, name);
    }

    [Fact]
    public async Task A_database_that_cannot_be_reached_is_waited_for_and_then_named()
    {
        var settings = new GridSettings
        {
            DatabaseUrl = "postgres://user:secret@127.0.0.1:1/leads",
            More = { ["DATABASE_WAIT"] = "00:00:02" },
        };

        Assert.Contains("127.0.0.1:1", await AssertRefusedAsync(settings, "DATABASE_URL"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_that_the_database_does_not_know_is_named()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        var url = new Npgsql.NpgsqlConnectionStringBuilder(database.ConnectionString) { Username = "nobody_knows" };

        await AssertRefusedAsync(new GridSettings { DatabaseUrl = url.ConnectionString }, "DATABASE_URL");
    }

    [Fact]
    public async Task A_port_in_use_is_named()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        using var taken = new TcpListener(IPAddress.IPv6Any, 0);
        taken.Start();
        var port = $"{((IPEndPoint)taken.LocalEndpoint).Port}";

        var line = await AssertRefusedAsync(new GridSettings { DatabaseUrl = database.ConnectionString, Port = port }, "PORT");

        Assert.Contains(port, line, StringComparison.Ordinal);
    }

    /// <summary>A host with these settings ends with 1 and one line that names what is wrong.</summary>
    /// <returns>The line.</returns>
    internal static async Task<string> AssertRefusedAsync(GridSettings settings, string named)
    {
        await using var folder = new GridFolder();
        await using var grid = GridProcess.Launch(settings with { Folder = folder.Path });

        Assert.Equal(1, await grid.ExitAsync());

        var lines = grid.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Length == 1, grid.Output);
        var line = lines[0];
        Assert.Contains(named, line, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", line, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", line, StringComparison.Ordinal);
        return line;
    }
}
