using LeadGrain.Gateway.Health;

namespace LeadGrain.Silo;

/// <summary>Says, once, that the process serves, and where.</summary>
internal sealed class ReadyLine(IEnumerable<IReadinessCheck> checks, TimeProvider time)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Waits until every readiness check passes, then prints one line.</summary>
    internal async Task PrintAsync(string url, string database, string? newKey, Uri? apollo, CancellationToken cancellationToken)
    {
        try
        {
            while (!await IsReadyAsync(cancellationToken))
            {
                await Task.Delay(s_pause, time, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }

        var key = newKey is null ? "" : $"; API key {newKey}";
        var sandbox = apollo is null ? "" : $"; sandbox: Apollo at {apollo}";
        Console.WriteLine($"LeadGrain is ready at {url} ({GrainHost.Name} host, {database}{sandbox}{key})");
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        foreach (var check in checks)
        {
            try
            {
                if (!(await check.CheckAsync(cancellationToken)).Ready)
                {
                    return false;
                }
            }
#pragma warning disable CA1031 // A check that throws is one that does not pass yet.
            catch (Exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                return false;
            }
        }

        return true;
    }
}
