namespace LeadGrain.Embedded;

/// <summary>What a grain can ask about itself.</summary>
public static class GrainExtensions
{
    /// <summary>The key by which the grain was called.</summary>
    public static string GetPrimaryKeyString(this IAddressable grain) => ((Grain)grain).Activation.Key;
}

/// <summary>Timers of a grain.</summary>
public static class GrainBaseExtensions
{
    /// <summary>Calls back in turns of the grain, until disposed or the activation ends. A tick never overlaps itself.</summary>
    /// <param name="grain">The grain.</param>
    /// <param name="callback">What to do; the token is cancelled when the activation ends.</param>
    /// <param name="options">When, and whether ticks interleave with calls.</param>
    public static IGrainTimer RegisterGrainTimer(
        this IGrainBase grain, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
        => ((Grain)grain).Activation.AddTimer(callback, options);
}
