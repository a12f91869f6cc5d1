using System.Text.Json;
using System.Text.Json.Serialization;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Organizations;

/// <summary>The limits of organizations in PostgreSQL.</summary>
internal sealed class LimitsStore(NpgsqlDataSource database, OrganizationStore organizations, TimeProvider time)
{
    private const string GetSql =
        """
        select l.requests_per_second, l.burst, l.max_in_flight
        from organizations o join organization_limits l on l.organization_id = o.id
        where o.app_id = $1 and o.org_id = $2
        """;

    private const string Old =
        """
        (select json_build_object('requestsPerSecond', l.requests_per_second, 'burst', l.burst, 'maxInFlight', l.max_in_flight)
            from organization_limits l where l.organization_id = entry.organization_id)
        """;

    private static readonly string s_setSql =
        $"""
        with done as (
            insert into organization_limits (organization_id, requests_per_second, burst, max_in_flight, updated_at)
            values ($1, $2::integer, $3::integer, $4::integer, $5)
            on conflict on constraint organization_limits_pkey do update set
                requests_per_second = excluded.requests_per_second, burst = excluded.burst,
                max_in_flight = excluded.max_in_flight, updated_at = excluded.updated_at
        )
        {AuditStore.Append(firstParameter: 6, Old)}
        """;

    /// <summary>What was set; all defaults where nothing was.</summary>
    internal Task<OrganizationLimits> GetAsync(Tenant tenant, CancellationToken cancellationToken) => StorageFaults.GuardAsync(async () =>
    {
        cancellationToken.ThrowIfCancellationRequested();
        await using var command = database.CreateCommand(GetSql);
        command.Bind(tenant.App, tenant.Org);
        await using var row = await command.ExecuteReaderAsync(CancellationToken.None);
        return await row.ReadAsync(CancellationToken.None)
            ? new OrganizationLimits(Number(row, 0), Number(row, 1), Number(row, 2))
            : OrganizationLimits.Default;
    });

    /// <summary>Sets all of them, for an organization that may not have been heard of yet.</summary>
    internal async Task SetAsync(Tenant tenant, OrganizationLimits limits, Actor actor)
    {
        var id = await organizations.FindOrAddAsync(tenant);
        var now = time.GetUtcNow();
        await StorageFaults.GuardAsync(async () =>
        {
            await using var command = database.CreateCommand(s_setSql);
            command.Bind(id, limits.RequestsPerSecond, limits.Burst, limits.MaxInFlight, now.UtcDateTime);
            AuditStore.Bind(command, [(0, new AuditEntry(id, actor, "limits_changed", "organization", "limits", After: Json(limits)))], now);
            return await command.ExecuteNonQueryAsync();
        });
    }

    private static byte[] Json(OrganizationLimits limits) => JsonSerializer.SerializeToUtf8Bytes(limits, LimitsJson.Default.OrganizationLimits);

    private static int? Number(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt32(column);
}

/// <summary>The JSON in which limits are noted.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(OrganizationLimits))]
internal sealed partial class LimitsJson : JsonSerializerContext;
