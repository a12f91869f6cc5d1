using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Storage;

namespace LeadGrain.Grains.Routing;

/// <summary>Leads that wait: in the holding pool, or for their namespace.</summary>
internal sealed partial class RoutedLeadStore
{
    private const string InPool = "r.organization_id = $1 and r.status = 'HELD' and r.campaign_id is null and r.namespace is null";

    private const string ListPoolSql = $"{Columns} where {InPool} and r.id > $2 order by r.id limit $3";

    private const string FindInPoolSql = $"{Columns} where {InPool} and r.id > $2 and r.id = any($4) order by r.id limit $3";

    private const string ForNamespacesSql =
        $"""
        select r.namespace_attempts, q.* from routed_leads r join ({Columns}
        where r.organization_id = $1 and r.status = 'HELD' and r.namespace is not null
            and coalesce(r.namespace_due_at, r.created_at) <= $2 and (r.namespace_due_at is not null or r.id < $3)
        order by coalesce(r.namespace_due_at, r.created_at), r.id limit $4) q on q.id = r.id
        order by q.id
        """;

    private const string WaitsSql =
        "select exists (select from routed_leads where organization_id = $1 and status = 'HELD' and namespace is not null)";

    // From organization to organization by each index, however many leads wait.
    internal const string OrganizationsSql =
        """
        with recursive pool as (
            (select organization_id from routed_leads where status = 'HELD' and campaign_id is null and namespace is null
             order by organization_id limit 1)
            union all
            select n.organization_id from pool cross join lateral (
                select r.organization_id from routed_leads r
                where r.status = 'HELD' and r.campaign_id is null and r.namespace is null and r.organization_id > pool.organization_id
                order by r.organization_id limit 1
            ) n
        ), namespaces as (
            (select organization_id from routed_leads where status = 'HELD' and namespace is not null
             order by organization_id limit 1)
            union all
            select n.organization_id from namespaces cross join lateral (
                select r.organization_id from routed_leads r
                where r.status = 'HELD' and r.namespace is not null and r.organization_id > namespaces.organization_id
                order by r.organization_id limit 1
            ) n
        )
        select o.app_id, o.org_id from (select organization_id from pool union select organization_id from namespaces) w
        join organizations o on o.id = w.organization_id
        """;

    private static readonly string s_reviveSql =
        $"""
        with done as (
            update routed_leads set status = 'HELD', namespace_attempts = 0, namespace_due_at = $3, updated_at = $3
            where organization_id = $1 and id = any($2) and status = 'DEAD' and namespace is not null
            returning id::text
        )
        {AuditStore.Append(firstParameter: 4)} join done on done.id = entry.entity_id
        """;

    private static readonly string s_failArrivalsSql =
        $"""
        with done as (
            update routed_leads r set
                namespace_attempts = r.namespace_attempts + 1, namespace_due_at = f.due_at,
                status = case when f.is_dead then 'DEAD' else 'HELD' end, updated_at = case when f.is_dead then $4 else r.updated_at end
            from unnest($1::uuid[], $2::timestamptz[], $3::boolean[]) with ordinality as f (id, due_at, is_dead, w)
            where r.id = f.id and r.status = 'HELD'
            returning f.w
        )
        {AuditStore.Append(firstParameter: 5)} join done on done.w = entry.w
        """;

    /// <summary>Leads of the holding pool, the oldest first; of large ones fewer.</summary>
    /// <param name="organizationId">Whose.</param>
    /// <param name="after">Those behind this one.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="ids">Of these only; null for all.</param>
    internal Task<(List<RoutedLead> Leads, bool HasMore)> ListPoolAsync(long organizationId, Guid after, int limit, Guid[]? ids = null)
        => StorageFaults.GuardAsync(() => database.ReadPageAsync(
            ids is null ? ListPoolSql : FindInPoolSql,
            Read,
            SizeOf,
            limit,
            (last, count) => ids is null ? [organizationId, last?.Id ?? after, count] : [organizationId, last?.Id ?? after, count, ids]));

    /// <summary>Leads that a namespace is to take now and is not known to have.</summary>
    /// <param name="organizationId">Whose.</param>
    /// <param name="now">What is due by now.</param>
    /// <param name="firstAfter">How long a lead that has just come may be on its way.</param>
    /// <param name="limit">At most so many.</param>
    internal Task<List<LeadForNamespace>> ListForNamespacesAsync(long organizationId, DateTimeOffset now, TimeSpan firstAfter, int limit)
        => StorageFaults.GuardAsync(() => database.ReadAllAsync(
            ForNamespacesSql,
            static row => new LeadForNamespace(Read(row, first: 1), row.GetInt32(0)),
            organizationId,
            now.UtcDateTime,
            RoutedLeadIds.FloorOf(now - firstAfter),
            limit));

    /// <summary>Whether leads wait for a namespace.</summary>
    internal Task<bool> WaitsForNamespacesAsync(long organizationId) => StorageFaults.GuardAsync(async () =>
        (await database.ReadAllAsync(WaitsSql, static row => row.GetBoolean(0), organizationId)).Single());

    /// <summary>The organizations whose leads wait, in the holding pool or for their namespace.</summary>
    internal Task<List<Tenant>> ListWaitingAsync() => StorageFaults.GuardAsync(
        () => database.ReadAllAsync(OrganizationsSql, static row => new Tenant(row.GetString(0), row.GetString(1))));

    /// <summary>Gives leads whose namespace did not take them all their attempts again.</summary>
    /// <returns>How many.</returns>
    internal Task<int> ReviveForNamespacesAsync(long organizationId, Guid[] ids, Actor actor) => StorageFaults.GuardAsync(async () =>
    {
        var now = time.GetUtcNow();
        await using var command = database.CreateCommand(s_reviveSql);
        command.Bind(organizationId, ids, now.UtcDateTime);
        AuditStore.Bind(
            command,
            [.. ids.Select(id => (0L, new AuditEntry(organizationId, actor, "push_retried", "lead", $"{id}", AuditedStatus.Dead, AuditedStatus.Held)))],
            now);
        return await command.ExecuteNonQueryAsync();
    });

    /// <summary>Notes that namespaces did not take leads, and when they are due again.</summary>
    internal async Task FailArrivalsAsync(IReadOnlyList<FailedArrival> failures)
    {
        if (failures.Count == 0)
        {
            return;
        }

        var now = time.GetUtcNow();
        await StorageFaults.GuardAsync(async () =>
        {
            await using var command = database.CreateCommand(s_failArrivalsSql);
            command.Bind(
                Column(failures, static f => f.LeadId),
                Column(failures, static f => f.DueAt.UtcDateTime),
                Column(failures, static f => f.IsDead),
                now.UtcDateTime);
            AuditStore.Bind(command, [.. failures.Select(static (f, i) => ((long)i + 1, f.Audit))], now);
            return await command.ExecuteNonQueryAsync();
        });
    }
}

/// <summary>A lead that is due for its namespace.</summary>
/// <param name="Lead">The lead.</param>
/// <param name="Attempts">That have failed.</param>
internal sealed record LeadForNamespace(RoutedLead Lead, int Attempts);

/// <summary>That a namespace did not take a lead.</summary>
internal sealed record FailedArrival(Guid LeadId, bool IsDead, DateTimeOffset DueAt, AuditEntry Audit);
