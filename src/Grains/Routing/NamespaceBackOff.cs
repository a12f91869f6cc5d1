using LeadGrain.Grains.Outbound;

namespace LeadGrain.Grains.Routing;

/// <summary>How long a lead waits for the next attempt to bring it into its namespace.</summary>
internal static class NamespaceBackOff
{
    /// <summary>Doubled with each attempt up to the longest, and drawn from the upper half, so that many do not come at once.</summary>
    /// <param name="attempts">That have failed, 1 and up.</param>
    /// <param name="options">With the first and the longest wait.</param>
    /// <param name="random">From 0 to 1.</param>
    internal static TimeSpan Of(int attempts, RoutingOptions options, double random)
        => BackOff.Before(attempts, options.NamespaceRetryAfter, options.NamespaceRetryLongest, random);
}
