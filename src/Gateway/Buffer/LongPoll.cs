using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Overload;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Idempotency;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace LeadGrain.Gateway.Buffer;

/// <summary>Pulls that wait for a lead: the grain is asked again and again until one comes, or the caller's time is over.</summary>
internal sealed class LongPoll(GrainCalls calls, TimeProvider time, IHostApplicationLifetime host)
{
    /// <exception cref="OverloadedException">Too many requests wait already.</exception>
    /// <returns>The first outcome with leads, or with a reason not to wait on; else an empty one, at the latest when the wait is over.</returns>
    internal async Task<Keyed<PullOutcome>> PullAsync(HttpContext context, string grainKey, PullCommand command, TimeSpan wait)
    {
        var outcome = await calls.CallAsync<INamespaceGrain, PullCommand, Keyed<PullOutcome>>(
            grainKey, command, static (grain, pull, token) => grain.NextAsync(pull, token), context.RequestAborted);
        if (outcome.Outcome is PullOutcome.Empty && context.Features.Get<InFlightSlot>()?.TryWait(holdsBody: false) == false)
        {
            throw new OverloadedException("Too many requests wait.");
        }

        // The caller's going, like a stop, is told to the grain and its answer still waited for: it waits on until it is told.
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, host.ApplicationStopping);
        var poll = new Poll(command, wait, time, end.Token);
        while (outcome.Outcome is PullOutcome.Empty && !poll.IsOver)
        {
            outcome = await calls.CallAsync<INamespaceGrain, Poll, Keyed<PullOutcome>>(
                grainKey, poll, static (grain, poll, token) => poll.AskAsync(grain, token), CancellationToken.None, poll.Step);
        }

        context.RequestAborted.ThrowIfCancellationRequested();
        return outcome;
    }

    private sealed class Poll(PullCommand command, TimeSpan wait, TimeProvider time, CancellationToken ended)
    {
        // A timer may fire this much early. To wait for what is left then would be to ask again and again without a pause.
        private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(5);

        private readonly long _started = time.GetTimestamp();

        internal bool IsOver => ended.IsCancellationRequested || Left < s_tick;

        /// <summary>What the grain may wait for in one call.</summary>
        internal TimeSpan Step => Left < PullCommand.MaxWait ? Left : PullCommand.MaxWait;

        private TimeSpan Left
        {
            get
            {
                var left = wait - time.GetElapsedTime(_started);
                return left > TimeSpan.Zero ? left : TimeSpan.Zero;
            }
        }

        /// <summary>Asks for what is left, since a call can be made again after its grain moved.</summary>
        internal async Task<Keyed<PullOutcome>> AskAsync(INamespaceGrain grain, CancellationToken cancellationToken)
        {
            // An end is told to the grain, whose answer is still waited for: a lead may be on its way.
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, ended);
            try
            {
                return await grain.NextAsync(command with { Wait = Step }, end.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // By the end, or below for a reason of its own: a pull that is cancelled took no lead.
                return new Keyed<PullOutcome>(KeyUse.First, PullOutcome.Empty.Value);
            }
        }
    }
}
