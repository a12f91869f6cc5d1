using LeadGrain.Gateway.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Overload;

/// <summary>
/// Answers what is refused for load a moment later. A refusal costs a good part of what a pull does, so a flood of requests
/// that are refused at once and sent again at once would leave little to serve with; a connection that waits sends nothing.
/// </summary>
internal sealed class HeldRefusals(IOptions<GatewayOptions> options, TimeProvider time)
{
    private readonly TimeSpan _delay = options.Value.RefusalDelay;

    // What waits is an idle connection and no work; but of connections, too, there is an end.
    private readonly int _most = 4 * options.Value.MaxInFlight;
    private int _held;

    internal Task AnswerAsync(HttpContext context, Problem problem)
    {
        if (_delay == TimeSpan.Zero)
        {
            return context.AnswerAsync(problem);
        }

        if (Interlocked.Increment(ref _held) <= _most)
        {
            return AnswerLaterAsync(context, problem);
        }

        Interlocked.Decrement(ref _held);
        return context.AnswerAsync(problem);
    }

    private async Task AnswerLaterAsync(HttpContext context, Problem problem)
    {
        try
        {
            await Task.Delay(_delay, time);
        }
        finally
        {
            Interlocked.Decrement(ref _held);
        }

        await context.AnswerAsync(problem);
    }
}
