using LeadGrain.Embedded.Runtime;

namespace LeadGrain.Embedded;

/// <summary>
/// Base of all grain classes. One turn runs at a time: a method runs alone until it awaits, and resumes in a turn of its
/// own after the await. A grain that is <see cref="IDisposable"/> is disposed of in a turn when it is put away, and at once
/// when the host lost the database; calls that had started may still run on then.
/// </summary>
public abstract class Grain : IGrainBase, IAddressable
{
    /// <summary>Made by the runtime only.</summary>
    /// <exception cref="InvalidOperationException">Made outside of an activation.</exception>
    protected Grain()
    {
        Activation = Activation.UnderConstruction
            ?? throw new InvalidOperationException("A grain is made by calling it, not with new.");
    }

    internal Activation Activation { get; }

    /// <summary>Makes references to other grains.</summary>
    protected IGrainFactory GrainFactory => Activation.Catalog;

    /// <summary>The services of the host.</summary>
    protected internal IServiceProvider ServiceProvider => Activation.Catalog.Services;

    /// <summary>Called before the first call; where it throws, that call fails and the next one activates anew.</summary>
    public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Called after the last call of a grain that is put away; not called when the host lost the database or died.</summary>
    public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Puts the activation away when its running calls have ended; later calls go to a new activation.</summary>
    protected void DeactivateOnIdle() => Activation.Deactivate(
        new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "DeactivateOnIdle was called."));
}
