using LeadGrain.Tests.Metrics;

namespace LeadGrain.Tests.Buffer;

/// <summary>Counts the pulls that come to wait in one grid from now on, by its own metric.</summary>
internal sealed class WaitingPulls(TestGrid grid) : LiveCount(grid, "leadgrain.gateway.requests.waiting");
