using LeadGrain.GrainInterfaces.Faults;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Calls;

/// <summary>Makes a call on a grain: until the request's end or the time limit, and again where the grain was between owners.</summary>
internal sealed class GrainCalls(
    IGrainFactory grains, IEnumerable<IHostFaults> hostFaults, IOptions<GatewayOptions> options, TimeProvider time)
{
    // A hand-over between activations takes milliseconds; three doubled waits cover it without holding requests up.
    private const int Repeats = 3;

    private readonly GatewayOptions _options = options.Value;
    private readonly CallLimits _limits = new(options.Value.GrainCallTimeout, time);

    /// <param name="key">The grain's.</param>
    /// <param name="argument">Handed to <paramref name="call"/>.</param>
    /// <param name="call">The call; made again where nothing was done.</param>
    /// <param name="aborted">The request's end.</param>
    /// <param name="extraTime">Added to the time limit: what the call itself waits for.</param>
    /// <exception cref="CallTimedOutException">No answer within the time limit.</exception>
    /// <exception cref="TimeoutException">The grain's answer was lost on the way. What was asked may or may not have been done.</exception>
    /// <exception cref="OwnershipLostException">Nobody owned the grain, several times over. Nothing was done.</exception>
    internal async Task<TResult> CallAsync<TGrain, TArgument, TResult>(
        string key, TArgument argument, Func<TGrain, TArgument, CancellationToken, Task<TResult>> call, CancellationToken aborted, TimeSpan extraTime = default)
        where TGrain : IGrainWithStringKey
    {
        var limit = _limits.Start(extraTime);
        var answered = false;
        var token = limit.Token;
        try
        {
            await using var link = aborted.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), limit);
            for (var repeat = 0; ; repeat++)
            {
                try
                {
                    var answer = call(grains.GetGrain<TGrain>(key), argument, token);
                    var result = answer.IsCompleted ? await answer : await answer.WaitAsync(token);
                    answered = true;
                    return result;
                }
                catch (Exception fault) when (NothingWasDone(fault))
                {
                    await WaitForOwnerAsync(repeat, fault, token);
                }
            }
        }
        catch (OperationCanceledException cancelled) when (token.IsCancellationRequested && !aborted.IsCancellationRequested)
        {
            throw new CallTimedOutException(_options.GrainCallTimeout + extraTime, cancelled);
        }
        catch (Exception fault) when (Told(fault, aborted) is { } told)
        {
            throw told;
        }
        finally
        {
            // A call that was not answered may go on somewhere, with the token in hand.
            _limits.End(limit, forgotten: answered);
        }
    }

    private Task WaitForOwnerAsync(int repeat, Exception fault, CancellationToken token)
        => repeat < Repeats
            ? Task.Delay(_options.OwnershipRetryDelay * (1 << repeat), time, token)
            : throw new OwnershipLostException("No owner was found.", fault);

    // Without the cause: its message may name the grain, and so an email.
    private Exception? Told(Exception fault, CancellationToken aborted)
        => hostFaults.Any(host => host.StorageFailed(fault))
            ? new StorageUnavailableException("What the host keeps for the grain could not be read or written.")
            : hostFaults.Any(host => host.OutcomeIsUnknown(fault)) || IsUnasked(fault, aborted)
                ? new TimeoutException($"The grain's answer was lost: {fault.GetType().Name}.")
                : null;

    // Cancelled, and not by this side: somewhere below the call was given up.
    private static bool IsUnasked(Exception fault, CancellationToken aborted)
        => fault is OperationCanceledException && !aborted.IsCancellationRequested;

    private bool NothingWasDone(Exception fault)
        => fault is OwnershipLostException || hostFaults.Any(host => host.NothingWasDone(fault));
}
