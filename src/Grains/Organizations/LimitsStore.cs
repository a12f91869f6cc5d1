using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Organizations;

/// <summary>The limits of organizations in PostgreSQL.</summary>
internal sealed class LimitsStore(NpgsqlDataSource database, TimeProvider time)
{
    private const string GetSql =
        """
        select l.requests_per_second, l.burst, l.max_in_flight
        from organizations o join organization_limits l on l.organization_id = o.id
        where o.app_id = $1 and o.org_id = $2
        """;

    private const string SetSql =
        """
        with organization as (
            insert into organizations (app_id, org_id) values ($1, $2)
            on conflict on constraint organizations_app_org_key do update set app_id = excluded.app_id
            returning id
        )
        insert into organization_limits (organization_id, requests_per_second, burst, max_in_flight, updated_at)
        select id, $3::integer, $4::integer, $5::integer, $6 from organization
        on conflict on constraint organization_limits_pkey do update set
            requests_per_second = excluded.requests_per_second, burst = excluded.burst,
            max_in_flight = excluded.max_in_flight, updated_at = excluded.updated_at
        """;

    /// <summary>What was set; all defaults where nothing was.</summary>
    internal Task<OrganizationLimits> GetAsync(Tenant tenant, CancellationToken cancellationToken) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(GetSql);
        command.Bind(tenant.App, tenant.Org);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken)
            ? new OrganizationLimits(Number(row, 0), Number(row, 1), Number(row, 2))
            : OrganizationLimits.Default;
    });

    /// <summary>Sets all of them, for an organization that may not have been heard of yet.</summary>
    internal Task SetAsync(Tenant tenant, OrganizationLimits limits, CancellationToken cancellationToken)
        => StorageFaults.GuardAsync(async () =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            await using var command = database.CreateCommand(SetSql);
            command.Bind(tenant.App, tenant.Org, limits.RequestsPerSecond, limits.Burst, limits.MaxInFlight);
            command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = time.GetUtcNow().UtcDateTime });
            return await command.ExecuteNonQueryAsync(CancellationToken.None);
        });

    private static int? Number(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt32(column);
}
