using System.Diagnostics.Metrics;

namespace LeadGrain.Grains.Secrets;

/// <summary>The secrets' metrics.</summary>
internal sealed class SecretMetrics
{
    internal const string MeterName = "LeadGrain.Secrets";

    private readonly Counter<long> _resealed;

    public SecretMetrics(IMeterFactory meters)
        => _resealed = meters.Create(MeterName).CreateCounter<long>(
            "leadgrain.secrets.resealed", "{secret}", "Secrets sealed anew with the first key of the ring.");

    internal void Resealed(int count) => _resealed.Add(count);
}
