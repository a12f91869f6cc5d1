using System.Globalization;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests;

/// <summary>The random moments of a test; its seed is printed, and CRASH_SEED repeats it.</summary>
internal static class Seed
{
    internal static Random Next(ITestOutputHelper output) => new(Take(output));

    /// <summary>The seed itself.</summary>
    internal static int Take(ITestOutputHelper output)
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("CRASH_SEED"), CultureInfo.InvariantCulture, out var given)
            ? given : Random.Shared.Next();
        output.WriteLine($"CRASH_SEED={seed}");
        return seed;
    }
}
