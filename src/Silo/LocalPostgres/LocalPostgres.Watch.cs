namespace LeadGrain.Silo;

/// <summary>Looks whether the server still runs, and starts it again where it does not.</summary>
internal sealed partial class LocalPostgres
{
    // Whether a server still runs.
    private static readonly TimeSpan s_lookInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestLookInterval = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stopping = new();
    private Task _watching = Task.CompletedTask;

    /// <summary>From now on a server that has died (killed, out of memory, a full disk) is started again.</summary>
    public void Watch() => _watching = WatchAsync(_stopping.Token);

    private async Task EndWatchAsync()
    {
        await _stopping.CancelAsync();
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        var wait = s_lookInterval;
        while (true)
        {
            await Task.Delay(wait, _time, cancellationToken);
            try
            {
                if (PostmasterFile.Read(DataDirectory)?.IsRunning() != true)
                {
                    LogDied(DataDirectory);
                    await RunAsync(cancellationToken);
                }
                wait = s_lookInterval;
            }
#pragma warning disable CA1031 // The loop's edge: a machine out of memory or room fails in many ways, and must not end the watch.
            catch (Exception failed) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                LogNotStarted(failed.Message);
                wait = wait * 2 < s_longestLookInterval ? wait * 2 : s_longestLookInterval;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Private PostgreSQL in {DataDirectory} has died; it is started again")]
    private partial void LogDied(string dataDirectory);

    [LoggerMessage(Level = LogLevel.Error, Message = "The private PostgreSQL could not be started; it is tried again: {Why}")]
    private partial void LogNotStarted(string why);
}
