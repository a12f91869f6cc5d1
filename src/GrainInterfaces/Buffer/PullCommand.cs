using LeadGrain.GrainInterfaces.Idempotency;

namespace LeadGrain.GrainInterfaces.Buffer;

/// <summary>How leads are wanted.</summary>
/// <param name="Count">At most this many, 1 to <see cref="MaxCount"/>.</param>
/// <param name="Lease">Hands them out for this long only, whole seconds up to <see cref="MaxLease"/>; null serves them for good.</param>
/// <param name="Wait">How long to wait for a lead while there is none, up to <see cref="MaxWait"/>.</param>
/// <param name="Key">Makes a repeat safe. An answer without leads is not kept: a repeat asks anew.</param>
[GenerateSerializer, Immutable]
public sealed record PullCommand(int Count = 1, TimeSpan? Lease = null, TimeSpan Wait = default, RequestKey? Key = null)
{
    /// <summary>The most leads of one pull.</summary>
    public const int MaxCount = 1_000;

    /// <summary>The longest lease: a day.</summary>
    public static readonly TimeSpan MaxLease = TimeSpan.FromDays(1);

    /// <summary>The longest wait of one call. A caller that wants more asks again.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(10);

    /// <summary>One lead, for good, now.</summary>
    public static readonly PullCommand One = new();
}
