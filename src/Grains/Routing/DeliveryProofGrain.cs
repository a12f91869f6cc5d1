using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Secrets;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Routing;

/// <summary>Checks proofs by secrets that it remembers for seconds, those that are not there too.</summary>
internal sealed class DeliveryProofGrain(SecretStore secrets, RoutingMetrics metrics, IOptions<RoutingOptions> options, TimeProvider time)
    : Grain, IDeliveryProofGrain
{
    // Beyond this many, all are forgotten and read again as needed.
    private const int MostKnown = 1_000;

    private readonly Dictionary<(Tenant Tenant, DeliverySender Sender), (IReadOnlyDictionary<string, string> Secrets, bool HasUnreadable, long ReadAt)> _known = [];

    /// <inheritdoc/>
    public async Task<bool> VerifyAsync(Tenant tenant, DeliveryProof proof, CancellationToken cancellationToken)
    {
        // An organization that does not exist has no secrets; that is looked up and remembered like any other's.
        if (!_known.TryGetValue((tenant, proof.Sender), out var known) || time.GetElapsedTime(known.ReadAt) >= options.Value.DeliverySecretsFor)
        {
            var (opened, hasUnreadable) = await secrets.OpenAllAsync(tenant, DeliveryCheck.NamesOf(proof.Sender));
            known = (opened, hasUnreadable, time.GetTimestamp());
            if (_known.Count >= MostKnown)
            {
                _known.Clear();
            }

            _known[(tenant, proof.Sender)] = known;
        }

        var holds = DeliveryCheck.Holds(proof, known.Secrets);
        metrics.Delivered(holds);

        // It may be the one that proves this delivery: a sender that is told 401 does not come again.
        return holds || !known.HasUnreadable ? holds
            : throw new SecretsNotConfiguredException("No secret proves this delivery, and one does not open with the keys of SECRET_KEYS.");
    }
}
