using System.Text.Json;
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

    private const string CountsSql = "select rule_id, day, assigned from campaign_days where organization_id = $1 and day >= $2";

    private static readonly string s_addSql =
        $"""
        with done as (
            insert into routing_rules (id, organization_id, definition, created_at, updated_at) values ($1, $2, $3::json, $4, $4)
        )
        {AuditStore.Append(firstParameter: 5)}
        """;

    private static readonly string s_replaceSql =
        $"""
        with done as (
            update routing_rules set definition = $3::json, updated_at = $4 where id = $1 and organization_id = $2 returning 1
        )
        {AuditStore.Append(firstParameter: 5)}
        where exists (select from done)
        """;

    private static readonly string s_deleteSql =
        $"""
        with done as (delete from routing_rules where id = $1 and organization_id = $2 returning 1)
        {AuditStore.Append(firstParameter: 3)}
        where exists (select from done)
        """;

    /// <summary>All rules, the oldest first.</summary>
    internal Task<List<RoutingRule>> ListAsync(long organizationId)
        => StorageFaults.GuardAsync(() => database.ReadAllAsync(ListSql, Read, organizationId));

    /// <summary>How many leads the rules with caps have had on a day and since.</summary>
    internal Task<List<(Guid RuleId, DateOnly Day, int Assigned)>> CountsAsync(long organizationId, DateOnly since) => StorageFaults.GuardAsync(
        () => database.ReadAllAsync(
            CountsSql, static row => (row.GetGuid(0), row.GetFieldValue<DateOnly>(1), row.GetInt32(2)), organizationId, since));

    internal Task AddAsync(long organizationId, Guid id, RuleDefinition definition, string actor)
        => WriteAsync(s_addSql, organizationId, id, definition, new AuditEntry(organizationId, actor, "rule_created", "rule", $"{id}", After: Json(definition)));

    internal Task ReplaceAsync(long organizationId, RoutingRule before, RuleDefinition definition, string actor) => WriteAsync(
        s_replaceSql,
        organizationId,
        before.Id,
        definition,
        new AuditEntry(organizationId, actor, "rule_changed", "rule", $"{before.Id}", Json(before.Definition), Json(definition)));

    internal Task DeleteAsync(long organizationId, RoutingRule rule, string actor) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(s_deleteSql);
        command.Bind(rule.Id, organizationId);
        var entry = new AuditEntry(organizationId, actor, "rule_deleted", "rule", $"{rule.Id}", Json(rule.Definition));
        AuditStore.Bind(command, [(0, entry)], time.GetUtcNow());
        return await command.ExecuteNonQueryAsync();
    });

    private Task<int> WriteAsync(string sql, long organizationId, Guid id, RuleDefinition definition, AuditEntry entry)
        => StorageFaults.GuardAsync(async () =>
        {
            var now = time.GetUtcNow();
            await using var command = database.CreateCommand(sql);
            command.Bind(id, organizationId, JsonSerializer.Serialize(definition, RoutingJson.Default.RuleDefinition), now.UtcDateTime);
            AuditStore.Bind(command, [(0, entry)], now);
            return await command.ExecuteNonQueryAsync();
        });

    private static byte[] Json(RuleDefinition definition) => JsonSerializer.SerializeToUtf8Bytes(definition, RoutingJson.Default.RuleDefinition);

    private static RoutingRule Read(NpgsqlDataReader row) => new(
        row.GetGuid(0),
        row.GetInt64(1),
        JsonSerializer.Deserialize(row.GetString(2), RoutingJson.Default.RuleDefinition)!,
        new DateTimeOffset(row.GetDateTime(3), TimeSpan.Zero),
        new DateTimeOffset(row.GetDateTime(4), TimeSpan.Zero));
}
