using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.Grains.Enrichment;

/// <summary>The grain of one email; <see cref="EmailEnrichment"/> does the work.</summary>
internal sealed class EmailGrain(EmailEnrichments enrichments) : Grain, IEmailGrain
{
    private EmailEnrichment _enrichment = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _enrichment = enrichments.Of(this.GetPrimaryKeyString());
        return _enrichment.LoadAsync(cancellationToken);
    }

    public Task<EnrichOutcome> EnrichAsync(Tenant requester, CancellationToken cancellationToken) =>
        _enrichment.EnrichAsync(requester, cancellationToken);

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        _enrichment.DrainAsync(cancellationToken);
}
