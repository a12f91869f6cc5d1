using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace LeadGrain.Grains.Jobs;

/// <summary>
/// Works on background jobs, one at a time in each process, some seconds of each in turn. A job whose runner died is claimed by another and goes on behind
/// its last committed step.
/// </summary>
internal sealed partial class JobRunner(
    JobStore store, IEnumerable<IJobKind> kinds, StoreTurn turn, TimeProvider time, ILogger<JobRunner> log) : StoreDuty(turn, time, log)
{
    // Items of one step: some milliseconds of work.
    private const int StepItems = 500;

    // Failures without a step in between before a job has failed.
    private const int MaxAttempts = 5;

    // Renewed with each step. A dead runner's job waits so long for the next.
    private static readonly TimeSpan s_claim = TimeSpan.FromSeconds(15);

    // Counting walks all that the job is about, and has no steps to renew the claim with.
    private static readonly TimeSpan s_renewEvery = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(2);

    // Jobs take turns: one over all of a large log must not hold up those of other organizations.
    private static readonly TimeSpan s_turn = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, IJobKind> _kinds = kinds.ToDictionary(kind => kind.Name);

    /// <inheritdoc/>
    protected override TimeSpan Pause => TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task PassAsync(CancellationToken stoppingToken)
    {
        while (await store.ClaimAsync(s_claim) is { } job)
        {
            await WorkAsync(job, stoppingToken);
            stoppingToken.ThrowIfCancellationRequested();
        }
    }

    private async Task WorkAsync(ClaimedJob job, CancellationToken stoppingToken)
    {
        try
        {
            if (!_kinds.TryGetValue(job.Kind, out var kind))
            {
                await store.FinishAsync(job, "unknown kind");
                return;
            }

            if (job.Total is null)
            {
                if (await CountAsync(job, kind, stoppingToken) is not { } total)
                {
                    return;
                }

                await store.SetTotalAsync(job, total, s_claim);
            }

            await StepAsync(job, kind, stoppingToken);
        }
        catch (PostgresException refused) when (!StorageFaults.IsUnavailable(refused))
        {
            LogRefused(job.Id, job.Kind, refused.SqlState);
            await store.FinishAsync(job, $"sqlstate {refused.SqlState}");
        }
        catch (Exception fault) when (!(IsAway(fault) || (fault is OperationCanceledException && stoppingToken.IsCancellationRequested)))
        {
            LogFailed(fault, job.Id, job.Kind);
            await store.FaultAsync(job, fault.GetType().Name, MaxAttempts, s_pause);
        }
    }

    private static bool IsAway(Exception fault) => fault is StorageUnavailableException || StorageFaults.IsUnavailable(fault);

    /// <returns>Null where the job was cancelled meanwhile, or counted by another.</returns>
    private async Task<long?> CountAsync(ClaimedJob job, IJobKind kind, CancellationToken stoppingToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var renewing = RenewAsync(job, ended);
        try
        {
            return await kind.CountAsync(job, ended.Token);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested && !stoppingToken.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            await ended.CancelAsync();
            await renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RenewAsync(ClaimedJob job, CancellationTokenSource ended)
    {
        using var timer = new PeriodicTimer(s_renewEvery, Time);
        while (await timer.WaitForNextTickAsync(ended.Token))
        {
            try
            {
                if (!await store.RenewAsync(job, s_claim))
                {
                    await ended.CancelAsync();
                }
            }
            catch (StorageUnavailableException)
            {
                // The count will learn of it as well, or the next renewal comes in time.
            }
        }
    }

    private async Task StepAsync(ClaimedJob job, IJobKind kind, CancellationToken stoppingToken)
    {
        var (alone, began) = (0, Time.GetTimestamp());
        while (!stoppingToken.IsCancellationRequested)
        {
            var (isOurs, step, isRefused) = await StepOnceAsync(job, kind, alone > 0 ? 1 : StepItems);
            if (!isOurs)
            {
                return;
            }

            if (isRefused)
            {
                alone = StepItems;
                continue;
            }

            if (step is null)
            {
                await store.FinishAsync(job, error: null);
                LogDone(job.Id, job.Kind);
                return;
            }

            job = job with { Position = step.Position };
            alone -= alone > 0 ? 1 : 0;
            if (Time.GetElapsedTime(began) >= s_turn)
            {
                if (await store.GiveBackAsync(job))
                {
                    return;
                }

                began = Time.GetTimestamp();
            }
        }
    }

    /// <summary>Commits one step.</summary>
    /// <returns>
    /// Whether the job is still this runner's; the step, null where nothing is left; and whether the database refused it for the sake of
    /// some item, so that items are to go one by one. Of one alone that is no refusal: it is passed over, and counted.
    /// </returns>
    private async Task<(bool IsOurs, JobStep? Step, bool IsRefused)> StepOnceAsync(ClaimedJob job, IJobKind kind, int most)
    {
        JobStep? step = null;
        try
        {
            var isOurs = await store.StepAsync(job, batch => kind.StepAsync(job, batch, most), s_claim, prepared => step = prepared);
            return (isOurs, step, false);
        }
        catch (PostgresException refused) when (step is not null && !StorageFaults.IsUnavailable(refused))
        {
            if (most > 1)
            {
                return (true, null, true);
            }

            LogItem(job.Id, job.Kind, refused.SqlState);
            step = step with { Failed = step.Done };
            return (await store.StepAsync(job, _ => Task.FromResult<JobStep?>(step), s_claim, static _ => { }), step, false);
        }
    }

    [LoggerMessage(140, LogLevel.Information, "Job {Id} ({Kind}) is done")]
    private partial void LogDone(Guid id, string kind);

    [LoggerMessage(141, LogLevel.Error, "Job {Id} ({Kind}) failed: SQLSTATE {SqlState}")]
    private partial void LogRefused(Guid id, string kind, string sqlState);

    [LoggerMessage(144, LogLevel.Error, "An attempt at job {Id} ({Kind}) failed")]
    private partial void LogFailed(Exception fault, Guid id, string kind);

    [LoggerMessage(143, LogLevel.Error, "Job {Id} ({Kind}) passes an item over that the database refuses: SQLSTATE {SqlState}")]
    private partial void LogItem(Guid id, string kind, string sqlState);
}
