using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Routing;

/// <summary>Deliveries that became leads, in PostgreSQL. The commit of a lead adds its own.</summary>
internal sealed class DeliveryStore(NpgsqlDataSource database, TimeProvider time)
{
    private const string FindSql =
        """
        select lead_id, body_hash = $2, id_hash is not null from ingest_deliveries
        where organization_id = $1 and (body_hash = $2 or id_hash = $3)
        order by body_hash = $2 limit 1
        """;

    private const string AddBodySql =
        """
        insert into ingest_deliveries (organization_id, body_hash, lead_id, received_at) values ($1, $2, $3, $4) on conflict do nothing
        """;

    // Where another delivery has the id meanwhile, it keeps it.
    private const string AddIdSql =
        """
        update ingest_deliveries d set id_hash = $3
        where d.organization_id = $1 and d.body_hash = $2 and d.id_hash is null
            and not exists (select from ingest_deliveries o where o.organization_id = $1 and o.id_hash = $3)
        """;

    // Bounded, so that it never holds many rows locked.
    private const string ForgetSql =
        """
        delete from ingest_deliveries
        where ctid = any(array(
            select ctid from ingest_deliveries where organization_id = $1 and received_at < $2 order by received_at limit 10000))
        """;

    /// <summary>The lead of a delivery that came before, by its id first; null where none did.</summary>
    internal async Task<(Guid LeadId, bool KnowsBody, bool HasId)?> FindAsync(long organizationId, DeliveryHashes delivery)
    {
        var found = await StorageFaults.GuardAsync(() => database.ReadAllAsync(
            FindSql, static row => (row.GetGuid(0), row.GetBoolean(1), row.GetBoolean(2)), organizationId, delivery.Body, delivery.Id ?? []));
        return found is [var one] ? one : null;
    }

    /// <summary>Notes further bytes of a delivery that is known by its id.</summary>
    internal Task AddBodyAsync(long organizationId, byte[] body, Guid leadId) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(AddBodySql);
        command.Bind(organizationId, body, leadId, time.GetUtcNow().UtcDateTime);
        return await command.ExecuteNonQueryAsync();
    });

    /// <summary>Notes the id of a delivery that is known by its bytes and had none.</summary>
    internal async Task AddIdAsync(long organizationId, DeliveryHashes delivery)
    {
        try
        {
            await StorageFaults.GuardAsync(async () =>
            {
                await using var command = database.CreateCommand(AddIdSql);
                command.Bind(organizationId, delivery.Body, delivery.Id);
                return await command.ExecuteNonQueryAsync();
            });
        }
        catch (PostgresException taken) when (taken.SqlState == PostgresErrorCodes.UniqueViolation)
        {
        }
    }

    /// <summary>Removes some of an organization's that are older than its look-back.</summary>
    /// <returns>How many; 0: none is left.</returns>
    internal Task<int> ForgetAsync(long organizationId, int lookBackDays) => StorageFaults.GuardAsync(async () =>
    {
        // A day at least: a sender that tries again does so within hours.
        var before = time.GetUtcNow().AddDays(-Math.Max(1, lookBackDays));
        await using var command = database.CreateCommand(ForgetSql);
        command.Bind(organizationId, before.UtcDateTime);
        return await command.ExecuteNonQueryAsync();
    });
}
