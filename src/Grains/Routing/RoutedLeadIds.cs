using LeadGrain.Grains.Storage;

namespace LeadGrain.Grains.Routing;

/// <summary>The ids of routed leads: UUIDs of version 7, whose order is that of time.</summary>
internal static class RoutedLeadIds
{
    // Longer than a decision and its commit can take, whatever they wait for.
    private static readonly TimeSpan s_longestDecision = TimeSpan.FromHours(1);

    /// <summary>The next identifier for this instant.</summary>
    internal static Guid Next(DateTimeOffset now) => Guid.CreateVersion7(now);

    /// <summary>The identifier just below one; the empty one has none below it.</summary>
    internal static Guid Before(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        for (var i = bytes.Length - 1; i >= 0 && id != Guid.Empty; i--)
        {
            if (bytes[i]-- != 0)
            {
                break;
            }
        }

        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>Not greater than the identifier of any lead that was written at this instant or later: it was made before that.</summary>
    internal static Guid FloorOfWritten(DateTimeOffset instant)
        => instant <= DateTimeOffset.UnixEpoch ? Guid.Empty : FloorOf(instant - s_longestDecision);

    /// <summary>Not greater than any identifier that was made at this instant or later.</summary>
    internal static Guid FloorOf(DateTimeOffset instant) => TimeIds.FloorOf(instant);
}
