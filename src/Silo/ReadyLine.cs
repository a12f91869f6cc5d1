using LeadGrain.Gateway.Health;

namespace LeadGrain.Silo;

/// <summary>Says, once, that the process serves, and where; before that, where it waits, if it has to.</summary>
internal sealed class ReadyLine(IEnumerable<IReadinessCheck> checks, TimeProvider time)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    // A start takes less; a standby, or a process whose database is away, waits for longer and says so.
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(1);

    /// <summary>Waits until every readiness check passes, then prints one line.</summary>
    internal async Task PrintAsync(string url, string database, string? keyNote, string sandboxNote, CancellationToken cancellationToken)
    {
        var address = Address(url);
        var start = time.GetTimestamp();
        var waits = false;
        try
        {
            while (await FindObstacleAsync(cancellationToken) is { } obstacle)
            {
                if (!waits && time.GetElapsedTime(start) > s_silence)
                {
                    Console.WriteLine($"LeadGrain waits at {address} ({obstacle})");
                    waits = true;
                }

                await Task.Delay(s_pause, time, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }

        var key = keyNote is null ? "" : $"; {keyNote}";
        Console.WriteLine($"LeadGrain is ready at {address} ({GrainHost.Name} host, {database}{sandboxNote}{key})");
    }

    /// <summary>An address that can be opened: one that stands for all of the machine's becomes localhost.</summary>
    private static string Address(string url) => url
        .Replace("//[::]", "//localhost", StringComparison.Ordinal)
        .Replace("//0.0.0.0", "//localhost", StringComparison.Ordinal);

    /// <summary>The first check that does not pass; null where all do.</summary>
    private async Task<string?> FindObstacleAsync(CancellationToken cancellationToken)
    {
        foreach (var check in checks)
        {
            try
            {
                var found = await check.CheckAsync(cancellationToken);
                if (!found.Ready)
                {
                    return $"{check.Name}: {found.Detail}";
                }
            }
#pragma warning disable CA1031 // A check that throws is one that does not pass yet.
            catch (Exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                return $"{check.Name}: does not answer";
            }
        }

        return null;
    }
}
