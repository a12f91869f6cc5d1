namespace LeadGrain.CrashTests.Clock;

/// <summary>A wall clock that can be set while its process runs, by the library of Debian's <c>faketime</c>. Its monotonic clock is the true one.</summary>
internal sealed class SteppedClock : IDisposable
{
    private static readonly string? s_library = Directory.Exists("/usr/lib")
        ? Directory.EnumerateDirectories("/usr/lib", "*-linux-gnu")
            .Select(folder => Path.Combine(folder, "faketime", "libfaketimeMT.so.1")).FirstOrDefault(File.Exists)
        : null;

    private readonly string _file = Path.GetTempFileName();

    public SteppedClock() => Set(TimeSpan.Zero);

    internal static bool IsThere => s_library is not null;

    /// <summary>What a process with this clock is started with.</summary>
    internal Dictionary<string, string> Variables => new()
    {
        ["LD_PRELOAD"] = s_library!,
        ["FAKETIME_TIMESTAMP_FILE"] = _file,
        ["FAKETIME_NO_CACHE"] = "1",
        ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
        ["DONT_FAKE_MONOTONIC"] = "1",
    };

    /// <summary>Sets it to the true time and so much.</summary>
    internal void Set(TimeSpan offset)
    {
        File.WriteAllText($"{_file}.new", $"{(offset < TimeSpan.Zero ? '-' : '+')}{Math.Abs(offset.TotalSeconds):0}\n");
        File.Move($"{_file}.new", _file, overwrite: true);
    }

    public void Dispose() => File.Delete(_file);
}

/// <summary>A fact where clocks can be stepped; elsewhere it is skipped, and says so.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SteppedClockFactAttribute : FactAttribute
{
    public SteppedClockFactAttribute()
    {
        if (!SteppedClock.IsThere)
        {
            Skip = "A process's clock cannot be stepped here: install Debian's package faketime.";
        }
    }
}
