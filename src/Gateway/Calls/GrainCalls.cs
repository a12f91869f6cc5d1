using LeadGrain.GrainInterfaces.Faults;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Calls;

/// <summary>Makes a call on a grain: until the request's end or the time limit, and again where the grain was between owners.</summary>
internal sealed class GrainCalls(
    IGrainFactory grains, IEnumerable<IHostFaults> hostFaults, IOptions<GatewayOptions> options, TimeProvider time)
{
    // A hand-over between activations takes milliseconds; three doubled waits cover it without holding requests up.
    private const int Repeats = 3;

    private readonly GatewayOptions _limits = options.Value;

    /// <exception cref="CallTimedOutException">No answer within the time limit.</exception>
    /// <exception cref="TimeoutException">The grain's answer was lost on the way. What was asked may or may not have been done.</exception>
    /// <exception cref="OwnershipLostException">Nobody owned the grain, several times over. Nothing was done.</exception>
    internal async Task<TResult> CallAsync<TGrain, TArgument, TResult>(
        string key,
        TArgument argument,
        Func<TGrain, TArgument, CancellationToken, Task<TResult>> call,
        CancellationToken aborted)
        where TGrain : IGrainWithStringKey
    {
        using var limit = new CancellationTokenSource(_limits.GrainCallTimeout, time);
        await using var link = aborted.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), limit);
        var token = limit.Token;
        try
        {
            for (var repeat = 0; ; repeat++)
            {
                try
                {
                    var answer = call(grains.GetGrain<TGrain>(key), argument, token);
                    return answer.IsCompleted ? await answer : await answer.WaitAsync(token);
                }
                catch (Exception fault) when (NothingWasDone(fault))
                {
                    if (repeat == Repeats)
                    {
                        throw new OwnershipLostException("No owner was found.", fault);
                    }

                    await Task.Delay(_limits.OwnershipRetryDelay * (1 << repeat), time, token);
                }
            }
        }
        catch (OperationCanceledException cancelled) when (token.IsCancellationRequested && !aborted.IsCancellationRequested)
        {
            throw new CallTimedOutException(_limits.GrainCallTimeout, cancelled);
        }
        catch (Exception fault) when (hostFaults.Any(host => host.OutcomeIsUnknown(fault)))
        {
            // Without the cause: its message may name the grain, and so an email.
            throw new TimeoutException($"The grain's answer was lost: {fault.GetType().Name}.");
        }
    }

    private bool NothingWasDone(Exception fault)
        => fault is OwnershipLostException || hostFaults.Any(host => host.NothingWasDone(fault));
}
