namespace LeadGrain.Embedded;

/// <summary>What every grain derives from.</summary>
public abstract class Grain
{
    internal string PrimaryKey { get; set; } = "";

    /// <summary>Runs before the activation's first call.</summary>
    public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs after the activation's last call.</summary>
    public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>Why an activation ends.</summary>
public readonly record struct DeactivationReason(string Description);

/// <summary>A grain's own key.</summary>
public static class GrainExtensions
{
    /// <summary>The key of this grain.</summary>
    public static string GetPrimaryKeyString(this Grain grain) => grain.PrimaryKey;
}
