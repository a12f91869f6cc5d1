using System.Diagnostics;
using System.Reflection;
using System.Text.Json;

namespace LeadGrain.Bench.Load;

/// <summary>A load runs in a process of its own, this program's <c>load</c> command: plan on its input, result on its output.</summary>
internal static class LoadProcess
{
    internal const string Command = "load";

    /// <summary>The load's side.</summary>
    internal static int Serve(TextReader input, TextWriter output)
    {
        var plan = JsonSerializer.Deserialize<LoadPlan>(input.ReadToEnd())!;
        using var loop = new LoadLoop(plan);
        output.WriteLine(JsonSerializer.Serialize(loop.Run()));
        return 0;
    }

    /// <summary>The benchmark's side.</summary>
    /// <exception cref="BenchException">The load failed, or some of its requests did.</exception>
    internal static async Task<LoadResult> RunAsync(LoadPlan plan, CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = Self(Command) };
        process.StartInfo.RedirectStandardInput = process.StartInfo.RedirectStandardOutput = process.StartInfo.RedirectStandardError = true;
        process.Start();
        try
        {
            await process.StandardInput.WriteAsync(JsonSerializer.Serialize(plan).AsMemory(), cancellationToken);
            process.StandardInput.Close();
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            var text = await process.StandardOutput.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            var result = process.ExitCode == 0 ? JsonSerializer.Deserialize<LoadResult>(text)! : null;
            return result switch
            {
                null => throw new BenchException($"The load failed: {await errors}"),
                { Failed: > 0 } => throw new BenchException($"{result.Failed} requests of the load failed: {result.Sample}"),
                _ => result,
            };
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
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
