using System.Diagnostics;

namespace LeadGrain.CrashTests.Fuzz;

/// <summary>A process's memory over a run.</summary>
internal sealed class MemoryTrend(int processId)
{
    private const double Megabyte = 1024 * 1024;

    // Generous: a collector that has no need to hurry lets tens of megabytes lie. A leak of 2 kB a request shows.
    private const double LargestGrowth = 1.4;
    private const double LargestGrowthMegabytes = 150;

    private readonly List<double> _samples = [];

    internal void Sample()
    {
        using var process = Process.GetProcessById(processId);
        _samples.Add(process.WorkingSet64 / Megabyte);
    }

    /// <summary>Since the run's first third, which warms up, it has hardly grown.</summary>
    internal void AssertFlat()
    {
        var third = _samples.Count / 3;
        var warm = _samples.Take(third).Max();
        var last = _samples.TakeLast(2).Average();
        Assert.True(last < warm * LargestGrowth && last < warm + LargestGrowthMegabytes, $"Memory in MB: {this}");
    }

    public override string ToString() => string.Join(' ', _samples.Select(sample => $"{sample:0}"));
}
