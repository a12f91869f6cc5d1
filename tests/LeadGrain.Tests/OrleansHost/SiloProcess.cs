using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace LeadGrain.Tests.OrleansHost;

/// <summary>A silo with its gateway in a process of its own, to be killed.</summary>
internal sealed partial class SiloProcess : IAsyncDisposable
{
    private readonly Process _process;

    private SiloProcess(Process process, GridClient client) => (_process, Client) = (process, client);

    internal GridClient Client { get; }

    internal static async Task<SiloProcess> StartAsync(Cluster cluster)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "LeadGrain.Silo.dll")])
        {
            RedirectStandardOutput = true,
            Environment =
            {
                ["DATABASE_URL"] = cluster.Database.ConnectionString, ["API_KEY"] = Cluster.Key, ["ADVERTISED_IP"] = "127.0.0.1", ["LOG_LEVEL"] = "error",
                ["PORT"] = Ports.Free().ToString(CultureInfo.InvariantCulture),
                ["SILO_PORT"] = Ports.Free().ToString(CultureInfo.InvariantCulture),
                ["SILO_GATEWAY_PORT"] = Ports.Free().ToString(CultureInfo.InvariantCulture),
            },
        };
        var process = Process.Start(start)!;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (ReadyLine().Match(line) is { Success: true } ready)
            {
                _ = process.StandardOutput.ReadToEndAsync();
                return new SiloProcess(process, new GridClient($"http://127.0.0.1:{ready.Groups[1].Value}"));
            }
        }

        await process.WaitForExitAsync();
        throw new InvalidOperationException($"The silo ended with {process.ExitCode}.");
    }

    internal async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
        Client.Dispose();
    }

    [GeneratedRegex(@"ready at http://[^ ]*:(\d+) ")]
    private static partial Regex ReadyLine();
}
