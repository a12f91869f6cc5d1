using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.GrainInterfaces.Leads;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LeadGrain.Grains.Leads;

/// <summary>Reads served leads, newest first. A page costs the same at any depth.</summary>
internal sealed class LeadStore([FromKeyedServices(GrainsSetup.ListSource)] NpgsqlDataSource database, TimeProvider time)
{
    private static readonly TimeSpan s_clockSlack = TimeSpan.FromDays(1);

    // Up to so many namespaces are read each by its own index range and merged; beyond, one pass over the tenant's leads is
    // the cheaper way, since most of them match then.
    private const int MergedNamespaces = 64;

    private const string Columns =
        """
        select s.id, b.email, b.external_id, n.name, o.brand_id, o.clerk_org_id, o.clerk_user_id, s.served_at,
            e.email_key is not null, e.first_name, e.last_name, e.title, e.linkedin_url,
            e.organization_name, e.organization_domain, e.organization_industry, e.organization_size
        """;

    private const string Joins =
        """
        cross join lateral buffered_lead(s.namespace_id, s.seq) b
        join lead_origins o on o.id = s.origin_id
        join namespaces n on n.id = s.namespace_id
        left join enrichments e on e.email_key = s.email_key and e.found
        order by s.id desc
        """;

    private const string InRange = "s.id < $2 and s.id >= $3 and s.served_at >= $4 and s.served_at < $5";

    private const string OfOrganization =
        $"""
        {Columns}
        from (
            select * from served_leads s
            where s.organization_id = $1 and {InRange} and ($6::bigint[] is null or s.origin_id = any($6))
            order by s.id desc limit $7
        ) s
        {Joins}
        """;

    private const string OfNamespaces =
        $"""
        {Columns}
        from (
            select s.* from unnest($8::bigint[]) as f (namespace_id)
            cross join lateral (
                select * from served_leads s
                where s.namespace_id = f.namespace_id and {InRange} and s.origin_id = any($6)
                order by s.id desc limit $7
            ) s
            where s.organization_id = $1
            order by s.id desc limit $7
        ) s
        {Joins}
        """;

    private const string OfEmail =
        $"""
        {Columns}
        from (
            select s.* from namespaces f
            join served_leads s on s.namespace_id = f.id and s.email_key = $8
            where f.organization_id = $1 and {InRange} and ($6::bigint[] is null or s.origin_id = any($6))
            order by s.id desc limit $7
        ) s
        {Joins}
        """;

    /// <summary>A page of a tenant's served leads.</summary>
    /// <remarks>A caller who goes does not interrupt a statement: see <see cref="StorageFaults"/>.</remarks>
    internal Task<ServedLeadPage> ListAsync(Tenant tenant, ServedLeadQuery query, CancellationToken cancellationToken)
        => StorageFaults.GuardAsync(async () =>
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            var organizationId = await FindOrganizationAsync(connection, tenant);
            var origins = await FindOriginsAsync(connection, organizationId, query);
            if (organizationId is null || origins is { Ids.Length: 0 })
            {
                return new ServedLeadPage([], false);
            }

            query = await BoundAsync(connection, organizationId.Value, query);
            await using var command = Choose(query, origins);
            command.Connection = connection;
            Bind(command, organizationId.Value, query, origins);
            await using var row = await command.ExecuteReaderAsync(CancellationToken.None);
            var leads = new List<ServedLead>();
            while (await row.ReadAsync(CancellationToken.None))
            {
                leads.Add(Read(row));
            }

            return new ServedLeadPage([.. leads.Take(query.Limit)], leads.Count > query.Limit);
        });

    // Ids tell the time too, but for leads served while or after a clock went wrong: theirs may be ahead of it. So a list of what was served
    // before some time need not begin at the newest lead, as long as that is not ahead, and the lead at the time's own id was served no earlier.
    private async Task<ServedLeadQuery> BoundAsync(NpgsqlConnection connection, long organizationId, ServedLeadQuery query)
    {
        if (query.ServedBefore is not { } before || before > DateTimeOffset.MaxValue - 2 * s_clockSlack || query.Before < TimeIds.FloorOf(before + s_clockSlack))
        {
            return query;
        }

        var bound = TimeIds.FloorOf(before + s_clockSlack);
        await using var command = new NpgsqlCommand(
            """
            select (select id < $4 from served_leads where organization_id = $1 order by id desc limit 1)
                and coalesce((select served_at >= $3 from served_leads where organization_id = $1 and id >= $2 order by id limit 1), true)
            """,
            connection);
        command.Bind(organizationId, bound, before.UtcDateTime, TimeIds.FloorOf(time.GetUtcNow() + s_clockSlack));
        return await command.ExecuteScalarAsync() is true ? query with { Before = bound } : query;
    }

    private static void Bind(NpgsqlCommand command, long organizationId, ServedLeadQuery query, Origins? origins)
    {
        var (after, before) = (query.ServedAfter ?? DateTimeOffset.UnixEpoch, query.ServedBefore ?? DateTimeOffset.MaxValue);
        command.Bind(
            organizationId,
            query.Before ?? Guid.AllBitsSet,
            TimeIds.FloorOf(after),
            after.UtcDateTime,
            before.UtcDateTime,
            origins?.Ids,
            query.Limit + 1);
        switch (command.CommandText)
        {
            case OfEmail:
                command.Bind(query.EmailKey);
                break;
            case OfNamespaces:
                command.Bind(origins!.Namespaces);
                break;
        }
    }

    private static NpgsqlCommand Choose(ServedLeadQuery query, Origins? origins) => new(
        query.EmailKey is not null ? OfEmail
        : origins is { Namespaces.Length: <= MergedNamespaces } ? OfNamespaces
        : OfOrganization);

    private static async Task<long?> FindOrganizationAsync(NpgsqlConnection connection, Tenant tenant)
    {
        await using var command = new NpgsqlCommand("select id from organizations where app_id = $1 and org_id = $2", connection);
        command.Bind(tenant.App, tenant.Org);
        return (long?)await command.ExecuteScalarAsync();
    }

    // Null where no filter speaks of origins: then any will do.
    private static async Task<Origins?> FindOriginsAsync(NpgsqlConnection connection, long? organizationId, ServedLeadQuery query)
    {
        if (organizationId is null || query is { Namespace: null, BrandId: null, ClerkOrgId: null, ClerkUserId: null })
        {
            return null;
        }

        await using var command = new NpgsqlCommand(
            """
            select coalesce(array_agg(o.id), '{}'), coalesce(array_agg(distinct o.namespace_id), '{}')
            from lead_origins o
            where o.organization_id = $1
                and ($2::text is null or o.namespace_id = (select id from namespaces where organization_id = $1 and name = $2))
                and ($3::text is null or o.brand_id = $3)
                and ($4::text is null or o.clerk_org_id = $4)
                and ($5::text is null or o.clerk_user_id = $5)
            """,
            connection);
        command.Bind(organizationId.Value, query.Namespace, query.BrandId, query.ClerkOrgId, query.ClerkUserId);
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        return new Origins(row.GetFieldValue<long[]>(0), row.GetFieldValue<long[]>(1));
    }

    private static ServedLead Read(NpgsqlDataReader row) => new(
        row.GetGuid(0),
        row.GetString(1),
        row.Text(2),
        row.GetString(3),
        row.Text(4),
        row.Text(5),
        row.Text(6),
        new DateTimeOffset(row.GetDateTime(7), TimeSpan.Zero),
        row.GetBoolean(8)
            ? new PersonProfile(
                row.Text(9), row.Text(10), row.Text(11), row.Text(12), row.Text(13), row.Text(14), row.Text(15), row.Text(16))
            : null);

    /// <summary>The origins that a query's filters match, and the namespaces they are of.</summary>
    private sealed record Origins(long[] Ids, long[] Namespaces);
}
