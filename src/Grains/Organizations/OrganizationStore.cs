using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Organizations;

/// <summary>The row by which an organization's other rows name it.</summary>
internal sealed class OrganizationStore(NpgsqlDataSource database)
{
    private const string FindSql = "select id from organizations where app_id = $1 and org_id = $2";

    private const string AddSql =
        """
        insert into organizations (app_id, org_id) values ($1, $2)
        on conflict on constraint organizations_app_org_key do update set app_id = excluded.app_id
        returning id
        """;

    /// <summary>Null where the organization was never heard of.</summary>
    internal Task<long?> FindAsync(Tenant tenant) => StorageFaults.GuardAsync(() => ReadAsync(FindSql, tenant));

    /// <summary>The organization's row, made where there is none.</summary>
    internal async Task<long> FindOrAddAsync(Tenant tenant)
        => await FindAsync(tenant) ?? (await StorageFaults.GuardAsync(() => ReadAsync(AddSql, tenant)))!.Value;

    private async Task<long?> ReadAsync(string sql, Tenant tenant)
    {
        await using var command = database.CreateCommand(sql);
        command.Bind(tenant.App, tenant.Org);
        return (long?)await command.ExecuteScalarAsync();
    }
}
