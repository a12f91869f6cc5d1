using System.ComponentModel;
using System.Diagnostics;

namespace LeadGrain.Silo;

/// <summary>A command run to its end, away from our terminal, environment and working folder.</summary>
internal static class ChildProcess
{
    // All that the server's tools need. Our environment holds keys, and a server's environment can be read by its account.
    private static readonly string[] s_keptVariables = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ"];

    internal readonly record struct Result(int ExitCode, string Output);

    /// <summary>Runs a command. Its exit code is 127 where there is no such program.</summary>
    /// <param name="dataDirectory">The cluster that PostgreSQL's tools act on, or null.</param>
    public static async Task<Result> RunAsync(
        IReadOnlyList<string> command, string workingDirectory, string? dataDirectory, CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = Describe(command, workingDirectory, dataDirectory) };
        try
        {
            process.Start();
        }
        catch (Win32Exception absent)
        {
            return new Result(127, absent.Message);
        }
        try
        {
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return new Result(process.ExitCode, (await output + await errors).Trim());
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            throw;
        }
    }

    private static ProcessStartInfo Describe(
        IReadOnlyList<string> command, string workingDirectory, string? dataDirectory)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            WorkingDirectory = workingDirectory,
            RedirectStandardInput = true,
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
        start.Environment["LC_ALL"] = "C";
        if (dataDirectory is not null)
        {
            start.Environment["PGDATA"] = dataDirectory;
        }
        return start;
    }
}
