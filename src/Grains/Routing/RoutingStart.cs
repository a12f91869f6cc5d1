using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Grains.Routing;

/// <summary>
/// Calls the routing of each organization whose leads wait once, as soon as this process can: their reminders are the host's, and do not
/// go along to another one.
/// </summary>
internal sealed class RoutingStart(
    IGrainFactory grains, RoutedLeadStore leads, StoreTurn turn, TimeProvider time, ILogger<RoutingStart> log) : StoreDuty(turn, time, log)
{
    // How many are called at once: each reads the database as it wakes.
    private const int AtOnce = 16;

    private List<Tenant>? _left;

    /// <inheritdoc/>
    protected override TimeSpan Pause => TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    protected override bool Done => _left is [];

    /// <inheritdoc/>
    protected override async Task PassAsync(CancellationToken stoppingToken)
        => _left = await WakeAsync(_left ?? await leads.ListWaitingAsync(), stoppingToken);

    /// <returns>Those that could not be called.</returns>
    private async Task<List<Tenant>> WakeAsync(List<Tenant> tenants, CancellationToken stoppingToken)
    {
        var left = new List<Tenant>();
        foreach (var some in tenants.Chunk(AtOnce))
        {
            var called = await Task.WhenAll(some.Select(tenant => WakeAsync(tenant, stoppingToken)));
            left.AddRange(some.Where((_, i) => !called[i]));
        }

        return left;
    }

    // Whatever it is asked, it looks for what waits when it first reads its settings.
    private async Task<bool> WakeAsync(Tenant tenant, CancellationToken stoppingToken)
    {
        try
        {
            await grains.GetGrain<IRoutingGrain>(tenant.GrainKey).GetGateAsync(stoppingToken);
            return true;
        }
#pragma warning disable CA1031 // One that fails must not keep the others asleep: it is called again.
        catch (Exception) when (!stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            return false;
        }
    }
}
