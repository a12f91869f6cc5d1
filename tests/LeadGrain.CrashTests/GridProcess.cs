using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;
using LeadGrain.CrashTests.Processes;

namespace LeadGrain.CrashTests;

/// <summary>The real host, as a process that can be killed.</summary>
internal sealed partial class GridProcess : IAsyncDisposable
{
    // What a host needs of our environment. Everything else that it reads, a test sets.
    private static readonly string[] KeptVariables = ["PATH", "HOME", "TMPDIR", "DOTNET_ROOT", "LD_LIBRARY_PATH", "TZ", "LANG"];

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _read;

    private GridProcess(GridSettings settings)
    {
        _process = new Process { StartInfo = Describe(settings) };
        _process.Start();
        _process.StandardInput.Close();
        _read = Task.WhenAll(ReadAsync(_process.StandardOutput), ReadAsync(_process.StandardError)).ContinueWith(
            _ =>
            {
                _listening.TrySetException(new InvalidOperationException($"The host ended:\n{Output}"));
                _ready.TrySetException(new InvalidOperationException($"The host ended:\n{Output}"));
            },
            TaskScheduler.Default);
        _ = _listening.Task.Exception;
        _ = _ready.Task.Exception;
    }

    /// <summary>Where it listens, once it has said so.</summary>
    internal Uri Url => _listening.Task.Result;

    /// <summary>All that it wrote so far.</summary>
    internal string Output => string.Join('\n', _lines);

    internal int Id => _process.Id;

    internal bool HasExited => _process.HasExited;

    /// <summary>Starts a host and waits until it serves.</summary>
    internal static async Task<GridProcess> StartAsync(GridSettings settings)
    {
        var grid = Launch(settings);
        try
        {
            await grid.ReadyAsync();
            return grid;
        }
        catch
        {
            await grid.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a host and does not wait for it.</summary>
    internal static GridProcess Launch(GridSettings settings) => new(settings);

    /// <summary>Waits until it serves.</summary>
    /// <returns>What it says then.</returns>
    internal Task<string> ReadyAsync() => InTimeAsync(_ready.Task, "is not ready");

    /// <summary>Waits until it listens, be it as a standby.</summary>
    internal Task<Uri> ListeningAsync() => InTimeAsync(_listening.Task, "does not listen");

    /// <summary>kill -9.</summary>
    internal async Task KillAsync()
    {
        _process.Kill();
        await ExitAsync();
    }

    /// <summary>Asks it to stop, with SIGTERM or SIGINT.</summary>
    /// <returns>The exit code.</returns>
    internal async Task<int> StopAsync(string signal = "TERM")
    {
        await SignalAsync(signal);
        return await ExitAsync();
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>The exit code.</returns>
    internal async Task<int> ExitAsync()
    {
        using var patience = new CancellationTokenSource(Eventually.Patience);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The host does not end:\n{Output}");
        }

        await _read;
        return _process.ExitCode;
    }

    /// <summary>Holds it, as a machine does that swaps or a hypervisor that moves it.</summary>
    internal Task SuspendAsync() => SignalAsync("STOP");

    internal Task ResumeAsync() => SignalAsync("CONT");

    internal Task SignalAsync(string signal) => Signals.SendAsync(signal, _process.Id);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    private static ProcessStartInfo Describe(GridSettings settings)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "LeadGrain.Silo.dll"), .. settings.Arguments])
        {
            WorkingDirectory = settings.Folder ?? Path.GetTempPath(),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        foreach (var name in KeptVariables)
        {
            if (Environment.GetEnvironmentVariable(name) is { } value)
            {
                start.Environment[name] = value;
            }
        }

        start.Environment["DOTNET_TieredPGO"] = "0"; // as in the tests' own process
        foreach (var (name, value) in settings.Variables().Where(v => v.Value is not null))
        {
            start.Environment[name] = value;
        }

        return start;
    }

    private async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            _lines.Enqueue(line);
            if (Address().Match(line) is { Success: true } said)
            {
                _listening.TrySetResult(new Uri(said.Groups["url"].Value));
                if (said.Groups["ready"].Success)
                {
                    _ready.TrySetResult(line);
                }
            }
        }
    }

    private async Task<T> InTimeAsync<T>(Task<T> task, string what)
    {
        try
        {
            return await task.WaitAsync(Eventually.Patience);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"The host {what}:\n{Output}");
        }
    }

    [GeneratedRegex("^LeadGrain (?:(?<ready>is ready)|waits) at (?<url>[^ ]+)")]
    private static partial Regex Address();
}
