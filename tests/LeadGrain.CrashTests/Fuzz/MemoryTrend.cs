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

    /// <summary>Whether it has hardly grown since the run's first third, which warms up.</summary>
    internal bool IsFlat => HasHardlyGrown(_samples.Take(_samples.Count / 3).Max(), Last(_samples.Count));

    /// <summary>In the second half of the run it has hardly grown: a collector that had put off its work has stopped somewhere, a leak goes on.</summary>
    internal void AssertStopped() => Assert.True(HasHardlyGrown(Last(_samples.Count / 2), Last(_samples.Count)), $"Memory in MB: {this}");

    private static bool HasHardlyGrown(double from, double to) => to < from * LargestGrowth && to < from + LargestGrowthMegabytes;

    private double Last(int samples) => _samples.Take(samples).TakeLast(2).Average();

    public override string ToString() => string.Join(' ', _samples.Select(sample => $"{sample:0}"));
}
