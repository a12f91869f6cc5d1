using System.Net;
using System.Net.NetworkInformation;
using System.Text.RegularExpressions;

namespace LeadGrain.CrashTests.Processes;

public sealed partial class FirstStartTests
{
    [Fact]
    public async Task A_first_start_makes_a_key_prints_it_once_and_keeps_it_where_only_its_user_can_read_it()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        await using var folder = new GridFolder();
        var settings = new GridSettings { DatabaseUrl = database.ConnectionString, Folder = folder.Path, ApiKey = null };
        await using var first = await GridProcess.StartAsync(settings);
        var key = Assert.Single(Key().Matches(first.Output)).Groups[1].Value;
        var file = Path.Combine(folder.Path, "api-key");
        Assert.Equal(key, (await File.ReadAllTextAsync(file)).Trim());
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        using (var client = new CampaignClient(first.Url, "first", key))
        {
            Assert.Equal(200, (await client.PushAsync(["a@example.com"])).Status);
        }

        using (var stranger = new CampaignClient(first.Url, "first", "wrong"))
        {
            Assert.Equal(401, (await stranger.NextAsync()).Status);
        }

        Assert.Equal(0, await first.StopAsync());

        await using var second = await GridProcess.StartAsync(settings);
        using var again = new CampaignClient(second.Url, "first", key);
        Assert.Equal("a@example.com", (await again.NextAsync()).Email);
        Assert.DoesNotContain(key, second.Output, StringComparison.Ordinal);
        Assert.Contains(file, second.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_a_key_of_its_own_making_a_host_listens_on_loopback_only()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        await using var folder = new GridFolder();
        var settings = new GridSettings { DatabaseUrl = database.ConnectionString, Folder = folder.Path };
        await using (var made = await GridProcess.StartAsync(settings with { ApiKey = null }))
        {
            Assert.All(Listeners(made.Url.Port), address => Assert.True(IPAddress.IsLoopback(address)));
            await made.StopAsync();
        }

        await using var given = await GridProcess.StartAsync(settings);
        Assert.Contains(Listeners(given.Url.Port), address => !IPAddress.IsLoopback(address));
        Assert.DoesNotContain(GridSettings.TestKey, given.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_with_its_own_database_shows_neither_its_path_nor_its_account_in_metrics()
    {
        await using var folder = new GridFolder();
        await using var grid = await GridProcess.StartAsync(new GridSettings { Folder = folder.Path });
        using (var client = new CampaignClient(grid.Url, "metrics"))
        {
            Assert.Equal(200, (await client.PushAsync(["a@example.com"])).Status);
            Assert.Equal("a@example.com", (await client.NextAsync()).Email);
        }

        using var http = new HttpClient();
        var metrics = await http.GetStringAsync(new Uri(grid.Url, "/metrics"));

        Assert.Contains("db_client_connection_pool_name=\"leadgrain-store\"", metrics, StringComparison.Ordinal);
        foreach (var told in (string[])[folder.Path, "Host=", "Username", "postgres/"])
        {
            Assert.DoesNotContain(told, metrics, StringComparison.OrdinalIgnoreCase);
        }

        Assert.Equal(0, await grid.StopAsync());
    }

    private static IPAddress[] Listeners(int port)
    {
        var listeners = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners();
        IPAddress[] addresses = [.. listeners.Where(l => l.Port == port).Select(l => l.Address)];
        Assert.NotEmpty(addresses);
        return addresses;
    }

    [GeneratedRegex("API key (lg_[0-9a-f]{48})")]
    private static partial Regex Key();
}
