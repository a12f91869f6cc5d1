using System.Text.Json.Nodes;
using Npgsql;

namespace LeadGrain.Tests.Postgres;

/// <summary>How many rows of a table a statement looks at, by its plan. What it does is undone.</summary>
internal static class RowsRead
{
    internal static async Task<double> OfAsync(TestDatabase database, string table, string sql, Action<NpgsqlCommand> bind)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
#pragma warning disable CA2100 // Constants of the stores.
        await using var command = new NpgsqlCommand($"explain (analyze, format json) {sql}", connection, transaction);
#pragma warning restore CA2100
        bind(command);
        return Rows(JsonNode.Parse((string)(await command.ExecuteScalarAsync())!)![0]!["Plan"]!);

        double Rows(JsonNode node) => (node["Plans"]?.AsArray().Sum(child => Rows(child!)) ?? 0)
            + ((string?)node["Relation Name"] == table && (string?)node["Node Type"] != "ModifyTable"
                ? (Number(node, "Actual Rows") + Number(node, "Rows Removed by Filter") + Number(node, "Rows Removed by Index Recheck")) * Number(node, "Actual Loops")
                : 0);

        static double Number(JsonNode node, string name) => (double?)node[name] ?? 0;
    }
}
