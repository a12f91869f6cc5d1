using System.Text.Json;
using System.Text.Json.Serialization;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Gate;

/// <summary>Organizations' settings of the health gate in PostgreSQL.</summary>
internal sealed class GateStore(NpgsqlDataSource database, TimeProvider time)
{
    private const string GetSql = "select settings from health_gates where organization_id = $1";

    private static readonly string s_setSql =
        $"""
        with fence as (
            select from routing_epochs where organization_id = $1 and epoch = $2 for share
        ), done as (
            insert into health_gates (organization_id, settings, updated_at) select $1, $3::json, $4 from fence
            on conflict on constraint health_gates_pkey do update set settings = excluded.settings, updated_at = excluded.updated_at
            returning 1
        )
        {AuditStore.Append(firstParameter: 5)} where exists (select from done)
        """;

    /// <summary>What was set; the defaults where nothing was.</summary>
    internal async Task<GateSettings> GetAsync(long organizationId)
        => (await StorageFaults.GuardAsync(() => database.ReadAllAsync(GetSql, Read, organizationId))).FirstOrDefault() ?? GateSettings.Default;

    /// <summary>Sets all of it.</summary>
    /// <returns>False where another activation routes the organization's leads. Nothing was done.</returns>
    internal Task<bool> SetAsync(long organizationId, long epoch, GateSettings before, GateSettings settings, Actor actor) => StorageFaults.GuardAsync(async () =>
    {
        var now = time.GetUtcNow();
        var (old, made) = (Json(before), Json(settings));
        await using var command = database.CreateCommand(s_setSql);
        command.Bind(organizationId, epoch, JsonSerializer.Serialize(settings, GateJson.Default.GateSettings), now.UtcDateTime);
        AuditStore.Bind(command, [(0, new AuditEntry(organizationId, actor, "gate_changed", "gate", "gate", old, made))], now);
        return await command.ExecuteNonQueryAsync() > 0;
    });

    private static byte[] Json(GateSettings settings) => JsonSerializer.SerializeToUtf8Bytes(settings, GateJson.Default.GateSettings);

    private static GateSettings Read(NpgsqlDataReader row) => JsonSerializer.Deserialize(row.GetString(0), GateJson.Default.GateSettings)!;
}

/// <summary>The JSON in which the settings are kept.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(GateSettings))]
internal sealed partial class GateJson : JsonSerializerContext;
