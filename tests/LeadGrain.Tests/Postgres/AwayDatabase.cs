using Npgsql;

namespace LeadGrain.Tests.Postgres;

/// <summary>A database that takes nobody in until this is disposed of.</summary>
internal sealed class AwayDatabase : IAsyncDisposable
{
    private readonly NpgsqlConnection _server;
    private readonly string _name;

    private AwayDatabase(string connectionString)
    {
        var address = new NpgsqlConnectionStringBuilder(connectionString);
        _name = address.Database!;
        (address.Database, address.Pooling) = ("postgres", false);
        _server = new NpgsqlConnection(address.ConnectionString);
    }

    /// <param name="connectionString">To it.</param>
    /// <param name="application">Whose connections are ended; null for all.</param>
    internal static async Task<AwayDatabase> BeginAsync(string connectionString, string? application = null)
    {
        var away = new AwayDatabase(connectionString);
        await away._server.OpenAsync();
        await away.AllowAsync(false);
        await using var end = new NpgsqlCommand(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1 and application_name = coalesce($2, application_name)",
            away._server);
        end.Parameters.Add(new() { Value = away._name });
        end.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = application });
        await end.ExecuteNonQueryAsync();
        return away;
    }

    public async ValueTask DisposeAsync()
    {
        await AllowAsync(true);
        await _server.DisposeAsync();
    }

    private async Task AllowAsync(bool allowed)
    {
#pragma warning disable CA2100 // A name made by the test; names cannot be parameters.
        await using var command = new NpgsqlCommand($"alter database {_name} with allow_connections {allowed}", _server);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
