using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.GrainInterfaces.Leads;
using LeadGrain.GrainInterfaces.Namespaces;
using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.Tests.Gateway;

internal sealed class FakeNamespace(FakeGrid grid) : INamespaceGrain
{
    private readonly Queue<PullOutcome.Served> _waiting = new();
    private readonly HashSet<string> _served = [];
    private readonly Lock _lock = new();

    internal byte[]? Cursor { get; private set; }

    internal List<PushCommand> Pushes { get; } = [];

    public async Task<PushOutcome> PushAsync(PushCommand command, CancellationToken cancellationToken)
    {
        await grid.EnterAsync(cancellationToken);
        lock (_lock)
        {
            Pushes.Add(command);
            var fresh = command.Leads.Where(lead => !_served.Contains(EmailKey.Of(lead.Email))).ToList();
            fresh.ForEach(lead => _waiting.Enqueue(new PullOutcome.Served(Guid.NewGuid(), lead, command.Origin)));
            return new PushOutcome(fresh.Count, command.Leads.Length - fresh.Count);
        }
    }

    public async Task<PullOutcome> NextAsync(CancellationToken cancellationToken)
    {
        await grid.EnterAsync(cancellationToken);
        lock (_lock)
        {
            while (_waiting.TryDequeue(out var next))
            {
                if (_served.Add(EmailKey.Of(next.Lead.Email)))
                {
                    return next;
                }
            }

            return PullOutcome.Empty.Value;
        }
    }

    public async Task<byte[]?> GetCursorAsync(CancellationToken cancellationToken)
    {
        await grid.EnterAsync(cancellationToken);
        return Cursor;
    }

    public async Task SetCursorAsync(byte[] state, CancellationToken cancellationToken)
    {
        await grid.EnterAsync(cancellationToken);
        Cursor = state;
    }
}

internal sealed class FakeOrganization(FakeGrid grid) : IOrganizationGrain
{
    /// <summary>Newest first.</summary>
    internal List<ServedLead> Leads { get; } = [];

    internal SortedDictionary<string, NamespaceStatus> Namespaces { get; } = new(StringComparer.Ordinal);

    internal List<ServedLeadQuery> Queries { get; } = [];

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
