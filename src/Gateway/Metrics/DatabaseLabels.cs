using System.Data.Common;

namespace LeadGrain.Gateway.Metrics;

/// <summary>
/// Labels of database connections that tell paths and accounts. A pool without a name is labelled with its connection string: of
/// that the application's name is shown. A server at a socket is labelled with the socket's folder: it is shown as local.
/// </summary>
internal static class DatabaseLabels
{
    private const string Pool = "db.client.connection.pool.name";
    private const string Address = "server.address";

    /// <summary>What is shown of a label's value.</summary>
    internal static string Plain(string key, string value) => key switch
    {
        Pool when value.Contains('=', StringComparison.Ordinal) => NameIn(value),
        Address when value.StartsWith('/') => "local",
        _ => value,
    };

    private static string NameIn(string connectionString)
    {
        const string None = "unnamed";
        try
        {
            var settings = new DbConnectionStringBuilder { ConnectionString = connectionString };
            return settings.TryGetValue("Application Name", out var name) ? (string)name : None;
        }
        catch (ArgumentException)
        {
            return None;
        }
    }
}
