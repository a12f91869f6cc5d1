using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.GrainInterfaces.Leads;
using LeadGrain.GrainInterfaces.Namespaces;
using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.Tests.Gateway;

internal sealed class FakeOrganization(FakeGrid grid) : IOrganizationGrain
{
    /// <summary>Newest first.</summary>
    internal List<ServedLead> Leads { get; } = [];

    internal SortedDictionary<string, NamespaceStatus> Namespaces { get; } = new(StringComparer.Ordinal);

    internal List<ServedLeadQuery> Queries { get; } = [];

    internal OrganizationLimits Limits { get; set; } = OrganizationLimits.Default;

    internal Exception? LimitsFault { get; set; }

    internal SemaphoreSlim LimitsAsked { get; } = new(0);

    /// <summary>Holds up who has read the limits, and not yet been told them.</summary>
    internal Task LimitsTold { get; set; } = Task.CompletedTask;

    public async Task<ServedLeadPage> ListServedLeadsAsync(ServedLeadQuery query, CancellationToken cancellationToken)
    {
        await grid.EnterAsync(cancellationToken);
        Queries.Add(query);
        var start = query.Before is { } before ? Leads.FindIndex(lead => lead.Id == before) + 1 : 0;
        return new ServedLeadPage([.. Leads.Skip(start).Take(query.Limit)], start + query.Limit < Leads.Count);
    }

    public async Task<NamespacePage> ListNamespacesAsync(string? after, int limit, CancellationToken cancellationToken)
    {
        await grid.EnterAsync(cancellationToken);
        var rest = Namespaces.Values.Where(status => after is null || string.CompareOrdinal(status.Name, after) > 0).ToList();
        return new NamespacePage([.. rest.Take(limit)], rest.Count > limit);
    }

    public async Task<NamespaceStatus?> GetNamespaceAsync(string name, CancellationToken cancellationToken)
    {
        await grid.EnterAsync(cancellationToken);
        return Namespaces.GetValueOrDefault(name);
    }

    // Gateways ask on their own account as well, so these calls are told apart from those that a test counts or fails.
    public async Task<OrganizationLimits> GetLimitsAsync(CancellationToken cancellationToken)
    {
        var limits = Limits;
        LimitsAsked.Release();
        await LimitsTold;
        return LimitsFault is { } fault ? throw fault : limits;
    }

    public async Task SetLimitsAsync(OrganizationLimits limits, Actor actor, CancellationToken cancellationToken)
    {
        await grid.EnterAsync(cancellationToken);
        Limits = limits;
    }
}

internal sealed class FakeEmail(FakeGrid grid) : IEmailGrain
{
    internal List<Tenant> Requesters { get; } = [];

    public async Task<EnrichOutcome> EnrichAsync(Tenant requester, CancellationToken cancellationToken)
    {
        await grid.EnterAsync(cancellationToken);
        Requesters.Add(requester);
        return grid.Enrichment;
    }
}

/// <summary>Takes feedback.</summary>
internal sealed class FakeCampaigns : ICampaignsGrain
{
    public Task<FeedbackOutcome> ReceiveAsync(FeedbackDelivery delivery, CancellationToken cancellationToken) => Task.FromResult(FeedbackOutcome.Taken);

    public Task<CampaignPage> ListAsync(string after, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<SmartleadSettings> GetSmartleadAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task SetSmartleadAsync(SmartleadSettings settings, Actor actor, CancellationToken cancellationToken) => throw new NotSupportedException();
}
