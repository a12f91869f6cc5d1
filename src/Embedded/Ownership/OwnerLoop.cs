using LeadGrain.Embedded.Hosting;
using LeadGrain.Embedded.Runtime;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace LeadGrain.Embedded.Ownership;

/// <summary>Makes this process the owner of the database, or keeps it a warm standby until it can be.</summary>
internal sealed partial class OwnerLoop(
    GrainCatalog catalog,
    OwnerTerm term,
    IEnumerable<IOwnerDuty> duties,
    IOptions<EmbeddedHostOptions> options,
    TimeProvider time,
    ILogger<OwnerLoop> log) : BackgroundService
{
    // Between attempts to reach a database that does not answer.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    // An ownership that lasted this long did not end by a fault of its own making: it is taken anew at once, while requests
    // still wait for it.
    private static readonly TimeSpan s_stable = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan s_tellAgain = TimeSpan.FromMinutes(1);

    private volatile OwnerState _state = OwnerState.Starting;
    private (string? Cause, long At) _told;

    private volatile TaskCompletionSource _owned = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What the process is now.</summary>
    internal OwnerState State
    {
        get => _state;
        private set
        {
            if (value == OwnerState.Owner)
            {
                _owned.TrySetResult();
            }
            else if (_owned.Task.IsCompleted)
            {
                _owned = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            _state = value;
        }
    }

    /// <summary>Completes once the process is the owner.</summary>
    internal Task OwnedAsync(CancellationToken cancellationToken) => _owned.Task.WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // Still the owner while the grains say goodbye, for what they write then.
        if (State == OwnerState.Owner)
        {
            await catalog.CloseAsync().WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await base.StopAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var start = time.GetTimestamp();
            try
            {
                await OwnAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return; // however a statement says that it was broken off
            }
#pragma warning disable CA1031 // The loop's edge: whatever ended the ownership, the process stands by again.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                State = OwnerState.Starting;
                TellLost(exception);
                if (time.GetElapsedTime(start) < s_stable)
                {
                    await Task.Delay(s_pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            }
        }
    }

    // While a database is away this comes several times a second: the same again is told once a minute.
    private void TellLost(Exception exception)
    {
        var state = exception is PostgresException { SqlState: var code } ? code : null;
        var cause = $"{exception.GetType()} {state}";
        if (cause != _told.Cause || time.GetElapsedTime(_told.At) >= s_tellAgain)
        {
            _told = (cause, time.GetTimestamp());
            LogLost(exception, state);
        }
    }

    private async Task OwnAsync(CancellationToken stoppingToken)
    {
        await using var held = await DatabaseLock.TakeAsync(options.Value, StandBy, time, stoppingToken).ConfigureAwait(false);
        term.ClearSources();
        term.Current = held.Term;
        var duty = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        Task[] work = [];
        try
        {
            catalog.Open();
            State = OwnerState.Owner;
            _told = default;
            LogOwner(held.Term);
            work =
            [
                held.WatchAsync(options.Value, time, duty.Token), held.WatchHostsAsync(options.Value, time, duty.Token),
                .. duties.Select(d => StartAsync(d, duty.Token)),
            ];
            await await Task.WhenAny(work).ConfigureAwait(false);
            throw new InvalidOperationException("A duty ended before its time.");
        }
        finally
        {
            term.Current = null;
            var calls = catalog.CutOff();
            State = OwnerState.Starting;

            // What had started ends as its connections fail; the next term waits for it, but not for ever: the epochs refuse
            // what a laggard still writes.
            await Task.WhenAll([calls, EndAsync(duty), .. work]).WaitAsync(s_patience, time, CancellationToken.None)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Takes as long as Npgsql tries to tell a machine that is gone of each statement that is cancelled.
    private static async Task EndAsync(CancellationTokenSource duty)
    {
        await duty.CancelAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        duty.Dispose();
    }

    // A task even where the duty throws at once.
    private static async Task StartAsync(IOwnerDuty duty, CancellationToken cancellationToken)
        => await duty.RunAsync(cancellationToken).ConfigureAwait(false);

    private void StandBy()
    {
        State = OwnerState.Standby;
        LogStandby();
    }

    [LoggerMessage(10, LogLevel.Information, "This process owns the database, term {Term}")]
    private partial void LogOwner(long term);

    [LoggerMessage(11, LogLevel.Information, "Another process owns the database; standing by")]
    private partial void LogStandby();

    [LoggerMessage(12, LogLevel.Warning, "The database is not owned (SQLSTATE {SqlState}); trying again")]
    private partial void LogLost(Exception exception, string? sqlState);
}

/// <summary>What a process is to its database.</summary>
internal enum OwnerState
{
    /// <summary>Cannot reach the database, or is between two states.</summary>
    Starting,

    /// <summary>Waits for the owner to go.</summary>
    Standby,

    /// <summary>Serves.</summary>
    Owner,
}

/// <summary>Work that goes on for as long as the process owns the database.</summary>
internal interface IOwnerDuty
{
    /// <summary>Runs until cancelled; where it throws, the process gives the ownership up and takes it anew.</summary>
    Task RunAsync(CancellationToken cancellationToken);
}
