using System.Text.Json;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Routing;

/// <summary>Routing rules and their counts in PostgreSQL.</summary>
internal sealed class RuleStore(NpgsqlDataSource database, TimeProvider time)
{
    private const string ListSql =
        """
        select id, position, definition::text, created_at, updated_at from routing_rules where organization_id = $1 order by position
        """;

    // What an activation decides by rules that it has in memory must not pass it by: none but the one that routes may change them.
    private const string Fence =
        """
        with fence as (
            select from routing_epochs where organization_id = $2 and epoch = $3 for share
        )
        """;

    private static readonly string s_addSql =
        $"""
        {Fence}, done as (
            insert into routing_rules (id, organization_id, definition, created_at, updated_at)
            select $1, $2, $4::json, $5, $5 from fence returning 1
        )
        {AuditStore.Append(firstParameter: 6)}
        where exists (select from done)
        """;

    private static readonly string s_replaceSql =
        $"""
        {Fence}, done as (
            update routing_rules set definition = $4::json, updated_at = $5
            where id = $1 and organization_id = $2 and exists (select from fence) returning 1
        )
        {AuditStore.Append(firstParameter: 6)}
        where exists (select from done)
        """;

    private static readonly string s_deleteSql =
        $"""
        {Fence}, done as (
            delete from routing_rules where id = $1 and organization_id = $2 and exists (select from fence) returning 1
        )
        {AuditStore.Append(firstParameter: 4)}
        where exists (select from done)
        """;

    /// <summary>All rules, the oldest first.</summary>
    internal Task<List<RoutingRule>> ListAsync(long organizationId)
        => StorageFaults.GuardAsync(() => database.ReadAllAsync(ListSql, Read, organizationId));

    /// <returns>False where another activation routes the organization's leads. Nothing was done.</returns>
    internal Task<bool> AddAsync(RoutingState state, Guid id, RuleDefinition definition, Actor actor) => WriteAsync(
        s_addSql, state, id, definition, new AuditEntry(state.OrganizationId, actor, "rule_created", "rule", $"{id}", After: Json(definition)));

    /// <returns>False where another activation routes the organization's leads. Nothing was done.</returns>
    internal Task<bool> ReplaceAsync(RoutingState state, RoutingRule before, RuleDefinition definition, Actor actor) => WriteAsync(
        s_replaceSql,
        state,
        before.Id,
        definition,
        new AuditEntry(state.OrganizationId, actor, "rule_changed", "rule", $"{before.Id}", Json(before.Definition), Json(definition)));

    /// <returns>False where another activation routes the organization's leads. Nothing was done.</returns>
    internal Task<bool> DeleteAsync(RoutingState state, RoutingRule rule, Actor actor) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(s_deleteSql);
        command.Bind(rule.Id, state.OrganizationId, state.Epoch);
        var entry = new AuditEntry(state.OrganizationId, actor, "rule_deleted", "rule", $"{rule.Id}", Json(rule.Definition));
        AuditStore.Bind(command, [(0, entry)], time.GetUtcNow());
        return await command.ExecuteNonQueryAsync() > 0;
    });

    private Task<bool> WriteAsync(string sql, RoutingState state, Guid id, RuleDefinition definition, AuditEntry entry)
        => StorageFaults.GuardAsync(async () =>
        {
            var now = time.GetUtcNow();
            await using var command = database.CreateCommand(sql);
            command.Bind(
                id, state.OrganizationId, state.Epoch, JsonSerializer.Serialize(definition, RoutingJson.Default.RuleDefinition), now.UtcDateTime);
            AuditStore.Bind(command, [(0, entry)], now);
            return await command.ExecuteNonQueryAsync() > 0;
        });

    private static byte[] Json(RuleDefinition definition) => JsonSerializer.SerializeToUtf8Bytes(definition, RoutingJson.Default.RuleDefinition);

    private static RoutingRule Read(NpgsqlDataReader row) => new(
        row.GetGuid(0),
        row.GetInt64(1),
        JsonSerializer.Deserialize(row.GetString(2), RoutingJson.Default.RuleDefinition)!,
        new DateTimeOffset(row.GetDateTime(3), TimeSpan.Zero),
        new DateTimeOffset(row.GetDateTime(4), TimeSpan.Zero));
}
