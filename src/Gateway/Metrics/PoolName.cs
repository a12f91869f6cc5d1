using System.Data.Common;

namespace LeadGrain.Gateway.Metrics;

/// <summary>
/// A pool of database connections by its name. One without a name is labelled with its connection string, which tells paths and
/// accounts: of that only the application's name is shown.
/// </summary>
internal static class PoolName
{
    internal const string Tag = "db.client.connection.pool.name";

    private const string None = "unnamed";

    internal static string Of(string label)
    {
        if (!label.Contains('=', StringComparison.Ordinal))
        {
            return label;
        }

        try
        {
            var settings = new DbConnectionStringBuilder { ConnectionString = label };
            return settings.TryGetValue("Application Name", out var name) ? (string)name : None;
        }
        catch (ArgumentException)
        {
            return None;
        }
    }
}
