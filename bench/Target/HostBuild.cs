using System.Diagnostics;

namespace LeadGrain.Bench.Target;

/// <summary>Finds the product's builds. The embedded one comes with the benchmark; the Orleans one is built when asked for.</summary>
internal static class HostBuild
{
    private const string Program = "LeadGrain.Silo.dll";

    // Restore and build from nothing; a build that hangs must not eat the run.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    /// <summary>The folder with the solution.</summary>
    internal static string Root { get; } = FindRoot();

    /// <summary>The embedded host's program.</summary>
    internal static string Embedded => Path.Combine(AppContext.BaseDirectory, Program);

    /// <summary>The Orleans host's program, built if need be; null where it cannot be built here.</summary>
    internal static async Task<string?> OrleansAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_patience);
        using var build = Process.Start(new ProcessStartInfo(
            "dotnet", ["build", "src/Silo", "-c", "Release", "-p:GrainHost=Orleans", "-v", "quiet", "-nologo"])
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
        })!;
        try
        {
            await build.StandardOutput.ReadToEndAsync(patience.Token);
            await build.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            if (!build.HasExited)
            {
                build.Kill(entireProcessTree: true);
            }
        }

        var program = Path.Combine(Root, "artifacts", "Orleans", "bin", "Silo", "release", Program);
        return build.ExitCode == 0 && File.Exists(program) ? program : null;
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "LeadGrain.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new BenchException("The benchmark must be run from a checkout: LeadGrain.sln is not above it.");
    }
}
