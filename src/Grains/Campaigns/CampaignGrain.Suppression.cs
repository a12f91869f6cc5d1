using System.Collections.ObjectModel;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.Grains.Gate;

namespace LeadGrain.Grains.Campaigns;

/// <summary>Leads that are not to be sent any more.</summary>
internal sealed partial class CampaignGrain
{
    // Somebody may have asked not to be contacted since the gate let the lead pass, hours or days ago.
    private async Task<(IReadOnlyList<OutboundLead> Leads, List<(OutboundLead Lead, string Why)> Withdrawn)> WithoutSuppressedAsync(
        ClaimedCampaign claimed, DuePushes due)
    {
        var withdrawn = due.Erased.Select(id => (new OutboundLead(id, "", []), "the lead was erased")).ToList();
        var listed = due.Leads is [] ? ReadOnlyDictionary<string, string[]>.Empty
            : await suppressions.FindAsync(claimed.OrganizationId, [.. due.Leads.Select(lead => EmailKey.Of(lead.Email))]);
        if (listed.Count == 0)
        {
            return (due.Leads, withdrawn);
        }

        var settings = await gate.GetAsync(claimed.OrganizationId);
        var leads = new List<OutboundLead>();
        foreach (var lead in due.Leads)
        {
            if (listed.TryGetValue(EmailKey.Of(lead.Email), out var reasons) && HealthGate.Withdraws(reasons, settings) is { } why)
            {
                withdrawn.Add((lead, why));
            }
            else
            {
                leads.Add(lead);
            }
        }

        return (leads, withdrawn);
    }
}
