using System.Diagnostics;

namespace LeadGrain.CrashTests.Cluster;

/// <summary>
/// Addresses on this machine, of two silos or of what one of them needs, that can be cut off: what is sent to them is dropped.
/// Whoever is at other addresses notices nothing.
/// </summary>
internal sealed class SiloLink : IAsyncDisposable
{
    private string[] _cut = [];

    internal SiloLink()
    {
        // The routes are the whole machine's, other runs' too.
        var (third, fourth) = (Random.Shared.Next(1, 255), Random.Shared.Next(1, 127));
        (First, Second) = ($"127.77.{third}.{2 * fourth}", $"127.77.{third}.{(2 * fourth) + 1}");
    }

    internal string First { get; }

    internal string Second { get; }

    internal Task CutAsync() => CutAsync(First, Second);

    internal async Task CutAsync(params string[] addresses)
    {
        _cut = addresses;
        foreach (var address in addresses)
        {
            Assert.Equal(0, await RouteAsync("add", address));
        }
    }

    internal async Task HealAsync()
    {
        foreach (var address in _cut)
        {
            await RouteAsync("del", address);
        }

        _cut = [];
    }

    public async ValueTask DisposeAsync() => await HealAsync();

    internal static async Task<int> RouteAsync(string verb, string address)
    {
        using var ip = Process.Start("/bin/sh", ["-c", $"ip route {verb} blackhole {address}/32 table local 2>/dev/null"]);
        await ip.WaitForExitAsync().ConfigureAwait(false);
        return ip.ExitCode;
    }
}

/// <summary>A fact where routes can be changed; elsewhere it is skipped, and says so.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RouteFactAttribute : FactAttribute
{
    private static readonly Lazy<Task<bool>> s_can = new(CanAsync);

    public RouteFactAttribute()
    {
        if (!s_can.Value.GetAwaiter().GetResult())
        {
            Skip = "Silos cannot be cut off from each other here: that takes root on Linux, and the command ip.";
        }
    }

    private static async Task<bool> CanAsync()
    {
        if (!Environment.IsPrivilegedProcess || !OperatingSystem.IsLinux())
        {
            return false;
        }

        var address = $"127.78.{Random.Shared.Next(1, 255)}.{Random.Shared.Next(1, 255)}";
        return await SiloLink.RouteAsync("add", address).ConfigureAwait(false) == 0
            && await SiloLink.RouteAsync("del", address).ConfigureAwait(false) == 0;
    }
}
