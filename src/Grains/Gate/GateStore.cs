using System.Text.Json;
using System.Text.Json.Serialization;
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
        with done as (
            insert into health_gates (organization_id, settings, updated_at) values ($1, $2::json, $3)
            on conflict on constraint health_gates_pkey do update set settings = excluded.settings, updated_at = excluded.updated_at
        )
        {AuditStore.Append(firstParameter: 4)}
        """;

    /// <summary>What was set; the defaults where nothing was.</summary>
    internal async Task<GateSettings> GetAsync(long organizationId)
        => (await StorageFaults.GuardAsync(() => database.ReadAllAsync(GetSql, Read, organizationId))).FirstOrDefault() ?? GateSettings.Default;

    /// <summary>Sets all of it.</summary>
    internal Task SetAsync(long organizationId, GateSettings before, GateSettings settings, string actor) => StorageFaults.GuardAsync(async () =>
    {
        var now = time.GetUtcNow();
        var (old, made) = (Json(before), Json(settings));
        await using var command = database.CreateCommand(s_setSql);
        command.Bind(organizationId, JsonSerializer.Serialize(settings, GateJson.Default.GateSettings), now.UtcDateTime);
        AuditStore.Bind(command, [(0, new AuditEntry(organizationId, actor, "gate_changed", "gate", "gate", old, made))], now);
        return await command.ExecuteNonQueryAsync();
    });

    private static byte[] Json(GateSettings settings) => JsonSerializer.SerializeToUtf8Bytes(settings, GateJson.Default.GateSettings);

    private static GateSettings Read(NpgsqlDataReader row) => JsonSerializer.Deserialize(row.GetString(0), GateJson.Default.GateSettings)!;
}

/// <summary>The JSON in which the settings are kept.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(GateSettings))]
internal sealed partial class GateJson : JsonSerializerContext;
