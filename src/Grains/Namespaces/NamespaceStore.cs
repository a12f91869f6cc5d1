using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Namespaces;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LeadGrain.Grains.Namespaces;

/// <summary>Reads the namespaces of a tenant with their exact counts, without waking their grains.</summary>
internal sealed class NamespaceStore([FromKeyedServices(GrainsSetup.ListSource)] NpgsqlDataSource database)
{
    private const string ListSql =
        """
        select v.name, v.paused, v.waiting, v.leased, v.dead, v.served, v.skipped,
            least(plain.pushed_at, held.pushed_at), v.last_push_at, v.last_pull_at
        from namespace_status v
        left join lateral (
            select b.pushed_at from buffered_leads b
            where b.namespace_id = v.id and b.priority = 0 and b.seq > v.settled_seq
                and b.batch_seq >= (
                    select t.first_seq from lead_batches t
                    where t.namespace_id = v.id and t.first_seq <= v.settled_seq + 1 order by t.first_seq desc limit 1
                )
                and b.seq not in (select s.seq from served_leads s where s.namespace_id = v.id and s.id > v.settled_id)
                and b.seq not in (select k.seq from skipped_leads k where k.namespace_id = v.id and k.seq > v.settled_seq)
                and b.seq not in (select h.seq from held_leads h where h.namespace_id = v.id and h.rank = 0)
                and b.seq not in (select d.seq from dead_leads d where d.namespace_id = v.id and d.seq > v.settled_seq)
            order by b.batch_seq, b.seq limit 1
        ) plain on v.waiting > 0
        left join lateral (
            select b.pushed_at
            from (
                select min(h.seq) as seq from held_leads h
                where h.namespace_id = v.id and (h.lease_id is null or h.due_at <= now())
            ) h
            cross join lateral buffered_lead(v.id, h.seq) b
        ) held on v.waiting > 0
        where v.organization_id = (select id from organizations where app_id = $1 and org_id = $2)
            and v.name > $3 and ($4::text is null or v.name = $4)
        order by v.name
        limit $5
        """;

    /// <summary>A page by name.</summary>
    internal async Task<NamespacePage> ListAsync(Tenant tenant, string? after, int limit, CancellationToken cancellationToken)
    {
        var found = await ReadAsync(tenant, after ?? "", null, limit + 1, cancellationToken);
        return new NamespacePage([.. found.Take(limit)], found.Count > limit);
    }

    /// <summary>One namespace; null where it does not exist.</summary>
    internal async Task<NamespaceStatus?> FindAsync(Tenant tenant, string name, CancellationToken cancellationToken)
        => (await ReadAsync(tenant, "", name, 1, cancellationToken)).FirstOrDefault();

    private Task<List<NamespaceStatus>> ReadAsync(
        Tenant tenant, string after, string? name, int limit, CancellationToken cancellationToken)
        => StorageFaults.GuardAsync(async () =>
        {
            cancellationToken.ThrowIfCancellationRequested(); // and never in the middle of a statement: see StorageFaults
            await using var command = database.CreateCommand(ListSql);
            command.Bind(tenant.App, tenant.Org, after, name, limit);
            await using var row = await command.ExecuteReaderAsync(CancellationToken.None);
            var found = new List<NamespaceStatus>();
            while (await row.ReadAsync(CancellationToken.None))
            {
                found.Add(new NamespaceStatus(
                    row.GetString(0),
                    row.GetBoolean(1),
                    row.GetInt64(2),
                    row.GetInt64(3),
                    row.GetInt64(4),
                    row.GetInt64(5),
                    row.GetInt64(6),
                    row.Time(7),
                    row.Time(8),
                    row.Time(9)));
            }

            return found;
        });
}
