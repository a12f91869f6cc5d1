using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using System.Text.Json;

namespace LeadGrain.Bench.Load;

/// <summary>
/// Loads run in a process of their own, this program's <c>load</c> command: plans on its input, results on its output, a line each. It
/// lives on for the next load, so that none but the first meets code that is not compiled yet; it ends with its input.
/// </summary>
internal static class LoadProcess
{
    internal const string Command = "load";

    private static readonly ConcurrentStack<Process> s_idle = new();

    /// <summary>The load's side.</summary>
    internal static int Serve(TextReader input, TextWriter output)
    {
        while (input.ReadLine() is { } plan)
        {
            using var loop = new LoadLoop(JsonSerializer.Deserialize<LoadPlan>(plan)!);
            output.WriteLine(JsonSerializer.Serialize(loop.Run()));
        }

        return 0;
    }

    /// <summary>The benchmark's side: as many loads at once as there are calls.</summary>
    /// <exception cref="BenchException">The load failed, or some of its requests did.</exception>
    internal static async Task<LoadResult> RunAsync(LoadPlan plan, CancellationToken cancellationToken)
    {
        var process = s_idle.TryPop(out var idle) ? idle : Start();
        string? text = null;
        try
        {
            await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(plan).AsMemory(), cancellationToken);
            text = await process.StandardOutput.ReadLineAsync(cancellationToken);
            if (text is null)
            {
                throw new BenchException($"The load failed: {await process.StandardError.ReadToEndAsync(cancellationToken)}");
            }
        }
        finally
        {
            if (text is null)
            {
                process.Kill();
                process.Dispose();
            }
        }

        s_idle.Push(process);
        var result = JsonSerializer.Deserialize<LoadResult>(text)!;
        return result.Failed == 0 ? result : throw new BenchException($"{result.Failed} requests of the load failed: {result.Sample}");
    }

    private static Process Start()
    {
        var process = new Process { StartInfo = Self(Command) };
        process.StartInfo.RedirectStandardInput = process.StartInfo.RedirectStandardOutput = process.StartInfo.RedirectStandardError = true;
        process.Start();
        process.StandardInput.AutoFlush = true;
        return process;
    }

    /// <summary>How to start this program with another command.</summary>
    internal static ProcessStartInfo Self(params IEnumerable<string> arguments)
    {
        var program = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(program) == "dotnet"
            ? new ProcessStartInfo(program, [Assembly.GetExecutingAssembly().Location, .. arguments])
            : new ProcessStartInfo(program, arguments);
    }
}
