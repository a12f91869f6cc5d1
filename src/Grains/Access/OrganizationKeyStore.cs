using System.Text;
using System.Text.Json.Nodes;
using LeadGrain.GrainInterfaces.Access;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LeadGrain.Grains.Access;

/// <summary>Organizations' keys in PostgreSQL: their hashes, never the keys.</summary>
internal sealed class OrganizationKeyStore(
    NpgsqlDataSource database, [FromKeyedServices(GrainsSetup.ListSource)] NpgsqlDataSource lists, TimeProvider time)
{
    private const string FindSql =
        """
        select o.app_id, o.org_id, k.hash, k.scope
        from organization_keys k join organizations o on o.id = k.organization_id
        where k.id = $1 and k.revoked_at is null
        """;

    private const string ListSql =
        """
        select k.id, k.name, k.scope, k.created_at, k.revoked_at from organization_keys k
        where k.organization_id = $1
            and (k.created_at, k.id) > (coalesce((select created_at from organization_keys where id = $2 and organization_id = $1), '-infinity'), $2)
        order by k.created_at, k.id limit $3
        """;

    private static readonly string s_addSql =
        $"""
        with done as (
            insert into organization_keys (id, organization_id, name, scope, hash, created_at) values ($1, $2, $3, $4, $5, $6)
        )
        {AuditStore.Append(firstParameter: 7)}
        """;

    private static readonly string s_revokeSql =
        $"""
        with gone as (
            update organization_keys set revoked_at = $3 where id = $1 and organization_id = $2 and revoked_at is null returning name, scope
        )
        {AuditStore.Append(firstParameter: 4, "(select json_build_object('name', name, 'scope', scope) from gone)")}
        where exists (select from gone)
        """;

    private const string GetSql =
        "select id, name, scope, created_at, revoked_at from organization_keys where organization_id = $1 and id = $2";

    /// <summary>What a key opens; null where there is none, or none any more.</summary>
    internal async Task<KeyGrant?> FindAsync(string id) => (await StorageFaults.GuardAsync(() => database.ReadAllAsync(
        FindSql,
        static row => new KeyGrant(new Tenant(row.GetString(0), row.GetString(1)), row.GetFieldValue<byte[]>(2), row.GetString(3)),
        id))).FirstOrDefault();

    internal Task<OrganizationKey> AddAsync(long organizationId, NewKey key) => StorageFaults.GuardAsync(async () =>
    {
        var now = time.GetUtcNow();
        await using var command = database.CreateCommand(s_addSql);
        command.Bind(key.Id, organizationId, key.Name, key.Scope, key.Hash, now.UtcDateTime);
        AuditStore.Bind(command, [(0, new AuditEntry(organizationId, key.Actor, "key_created", "key", key.Id, After: Json(key)))], now);
        await command.ExecuteNonQueryAsync();
        return new OrganizationKey(key.Id, key.Name, key.Scope, now, null);
    });

    internal Task<KeyPage> ListAsync(long organizationId, string after, int limit) => StorageFaults.GuardAsync(async () =>
    {
        var found = await lists.ReadAllAsync(ListSql, Read, organizationId, after, limit + 1);
        return new KeyPage([.. found.Take(limit)], found.Count > limit);
    });

    /// <summary>Revokes a key; one that is revoked already stays so since then.</summary>
    internal Task<OrganizationKey?> RevokeAsync(long organizationId, string id, Actor actor) => StorageFaults.GuardAsync(async () =>
    {
        var now = time.GetUtcNow();
        await using (var command = database.CreateCommand(s_revokeSql))
        {
            command.Bind(id, organizationId, now.UtcDateTime);
            AuditStore.Bind(command, [(0, new AuditEntry(organizationId, actor, "key_revoked", "key", id))], now);
            await command.ExecuteNonQueryAsync();
        }

        return (await database.ReadAllAsync(GetSql, Read, organizationId, id)).FirstOrDefault();
    });

    private static byte[] Json(NewKey key)
        => Encoding.UTF8.GetBytes(new JsonObject { ["name"] = key.Name, ["scope"] = key.Scope }.ToJsonString());

    private static OrganizationKey Read(NpgsqlDataReader row) => new(
        row.GetString(0),
        row.GetString(1),
        row.GetString(2),
        new DateTimeOffset(row.GetDateTime(3), TimeSpan.Zero),
        row.IsDBNull(4) ? null : new DateTimeOffset(row.GetDateTime(4), TimeSpan.Zero));
}
