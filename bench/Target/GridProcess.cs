using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace LeadGrain.Bench.Target;

/// <summary>The product as a user runs it: its own process, over a database that it is given, with the settings it comes with.</summary>
internal sealed partial class GridProcess : IAsyncDisposable
{
    internal const string Key = "key-of-the-benchmark";

    private const int Terminate = 15;

    private static readonly string[] s_keptVariables = ["PATH", "HOME", "TMPDIR", "DOTNET_ROOT", "LD_LIBRARY_PATH", "TZ", "LANG"];
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _disposed;

    private GridProcess(ProcessStartInfo start, int port)
    {
        Port = port;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.ErrorDataReceived += (_, line) => Take(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    internal int Port { get; }

    internal int Id => _process.Id;

    /// <summary>Starts it and waits until it serves.</summary>
    /// <param name="program">Its build.</param>
    /// <param name="databaseUrl">What it is to use.</param>
    /// <param name="settings">Further variables.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal static async Task<GridProcess> StartAsync(
        string program, string databaseUrl, IReadOnlyDictionary<string, string> settings, CancellationToken cancellationToken)
    {
        var port = FreePort();
        var start = new ProcessStartInfo("dotnet", [program])
        {
            WorkingDirectory = Path.GetTempPath(),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        foreach (var name in s_keptVariables)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
            {
                start.Environment[name] = value;
            }
        }

        foreach (var (name, value) in Variables(databaseUrl, port).Concat(settings))
        {
            start.Environment[name] = value;
        }

        var grid = new GridProcess(start, port);
        try
        {
            await grid._ready.Task.WaitAsync(s_patience, cancellationToken);
            return grid;
        }
        catch (Exception failure)
        {
            await grid.DisposeAsync();
            throw failure is TimeoutException ? new BenchException($"The grid does not start: {grid.Tail()}") : failure;
        }
    }

    /// <summary>Resident memory, in bytes.</summary>
    internal long ResidentBytes()
        => File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{Id}/status"))
            .Where(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
            .Select(line => long.Parse(line.AsSpan()[6..].TrimEnd("kB").Trim(), CultureInfo.InvariantCulture) * 1024)
            .First();

    /// <summary>Asks it to stop, and sees to it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (!_process.HasExited)
        {
            _ = Kill(_process.Id, Terminate);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill();
                await _process.WaitForExitAsync(CancellationToken.None);
            }
        }

        _process.Dispose();
    }

    /// <summary>A loopback port that nobody listens on.</summary>
    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static Dictionary<string, string> Variables(string databaseUrl, int port)
    {
        string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
        return new()
        {
            ["DATABASE_URL"] = databaseUrl,
            ["API_KEY"] = Key,
            ["PORT"] = Number(port),
            ["LOG_LEVEL"] = "warn",
            // Of the Orleans host only.
            ["ADVERTISED_IP"] = "127.0.0.1",
            ["SILO_PORT"] = Number(FreePort()),
            ["SILO_GATEWAY_PORT"] = "0",
        };
    }

    private void Take(string? line)
    {
        if (line is null)
        {
            _ready.TrySetException(new BenchException($"The grid ended: {Tail()}"));
            return;
        }

        _lines.Enqueue(line);
        if (line.StartsWith("LeadGrain is ready at ", StringComparison.Ordinal))
        {
            _ready.TrySetResult();
        }
    }

    private string Tail() => string.Join('\n', _lines.TakeLast(20));

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
