namespace LeadGrain.Grains.Buffer;

/// <summary>A name that is asked for and does not exist: there may be any number of them, so their activations do not stay for long.</summary>
internal sealed partial class NamespaceGrain
{
    private static readonly TimeSpan s_unknownStays = TimeSpan.FromSeconds(10);

    private IGrainTimer? _unknownTimer;

    private void WatchUnknown() => _unknownTimer = this.RegisterGrainTimer(
        LeaveUnknownAsync, new GrainTimerCreationOptions(s_unknownStays, s_unknownStays) { Interleave = true });

    private Task LeaveUnknownAsync(CancellationToken cancellationToken)
    {
        if (_claimed is not null || _creating is not null)
        {
            _unknownTimer?.Dispose();
        }
        else if (_waiters.All(waiter => waiter.IsOver))
        {
            DeactivateOnIdle();
        }

        return Task.CompletedTask;
    }
}
