using System.Diagnostics;
using System.Globalization;

namespace LeadGrain.CrashTests.Processes;

/// <summary>Signals to processes, and to a process with all that it started.</summary>
internal static class Signals
{
    internal static async Task SendAsync(string signal, params IEnumerable<int> processes)
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -{signal} {string.Join(' ', processes)}"]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Stops a process and its children, it first, so that it starts no more of them meanwhile.</summary>
    /// <returns>All that were stopped.</returns>
    internal static async Task<IReadOnlyList<int>> SuspendTreeAsync(int root)
    {
        await SendAsync("STOP", root);
        var children = ChildrenOf(root);
        await SendAsync("STOP", children);
        return [root, .. children];
    }

    internal static List<int> ChildrenOf(int parent)
    {
        var children = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) && ParentOf(folder) == parent)
            {
                children.Add(id);
            }
        }

        return children;
    }

    // The fourth field; the second, in parentheses, may hold anything.
    private static int? ParentOf(string folder)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(folder, "stat"));
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null; // it has ended
        }
    }
}
