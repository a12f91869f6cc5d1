using LeadGrain.Gateway.Organizations;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Overload;

/// <summary>
/// Keeps large bodies from taking all memory and all processors: so many bytes at once, no more than a share of them for
/// one organization, and so many bodies worked on at once.
/// </summary>
internal sealed class LargeBodies(IOptions<GatewayOptions> options, OverloadMetrics metrics, TimeProvider time)
{
    /// <summary>Bodies up to this size are not counted: some hundred leads, parsed in less than a millisecond.</summary>
    internal const int SmallBytes = 64 * 1024;

    private readonly long _limit = options.Value.MaxBodyMemory;
    private readonly long _share = options.Value.MaxBodyMemory / 4;
    private readonly TimeSpan _patience = options.Value.GrainCallTimeout;
    private readonly FairTurns<OrganizationShare> _turns = new(options.Value.LargeBodiesAtOnce);
    private long _bytes;

    internal bool TryTake(OrganizationShare? share, int bytes)
    {
        if (Interlocked.Add(ref _bytes, bytes) <= _limit && TryTakeShare(share, bytes))
        {
            return true;
        }

        Interlocked.Add(ref _bytes, -bytes);
        metrics.Shed(LimitNames.Bodies);
        return false;
    }

    /// <summary>Counts a body to another share; false, and it stays where it was, where that holds too much.</summary>
    internal bool TryMove(OrganizationShare? from, OrganizationShare to, int bytes)
    {
        if (!TryTakeShare(to, bytes))
        {
            metrics.Shed(LimitNames.Bodies);
            return false;
        }

        from?.GiveBackBytes(bytes);
        return true;
    }

    internal void GiveBack(OrganizationShare? share, int bytes)
    {
        share?.GiveBackBytes(bytes);
        Interlocked.Add(ref _bytes, -bytes);
    }

    internal async ValueTask<bool> TakeTurnAsync(OrganizationShare? share, CancellationToken cancellationToken)
    {
        if (await _turns.TakeAsync(share ?? OrganizationShare.Nobody, _patience, time, cancellationToken))
        {
            return true;
        }

        metrics.Shed(LimitNames.Bodies);
        return false;
    }

    internal void EndTurn() => _turns.End();

    private bool TryTakeShare(OrganizationShare? share, int bytes)
        => share?.TryTakeBytes(bytes, Math.Max(_share, share.LargestBody)) != false;
}
