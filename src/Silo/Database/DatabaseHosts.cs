using System.Globalization;
using Npgsql;

namespace LeadGrain.Silo;

/// <summary>Several hosts in DATABASE_URL, a primary and its standbys: of these the grid uses whichever can be written to.</summary>
internal static class DatabaseHosts
{
    private const string Writable = "read-write";

    // After a failover the new primary is still remembered as a standby for this long.
    private const int RecheckSeconds = 1;

    private static readonly int s_defaultRecheck = new NpgsqlConnectionStringBuilder().HostRecheckSeconds;

    /// <summary>What the grid needs where there are several hosts, whatever is said of them.</summary>
    internal static void Tune(NpgsqlConnectionStringBuilder settings)
    {
        if (!AreSeveral(settings))
        {
            return;
        }

        settings.TargetSessionAttributes = Writable;
        if (settings.HostRecheckSeconds == s_defaultRecheck)
        {
            settings.HostRecheckSeconds = RecheckSeconds;
        }
    }

    /// <summary>Builds a data source; of several hosts it finds the one that can be written to at each new connection.</summary>
    internal static NpgsqlDataSource BuildSource(NpgsqlDataSourceBuilder builder)
    {
        var settings = builder.ConnectionStringBuilder;
        if (!AreSeveral(settings))
        {
            return builder.Build();
        }

        // A source of several hosts takes it from its wrapper only.
        settings.TargetSessionAttributes = null;
        return builder.BuildMultiHost().WithTargetSession(TargetSessionAttributes.ReadWrite);
    }

    /// <summary>A connection string for each host alone, in the order given.</summary>
    internal static IReadOnlyList<NpgsqlConnectionStringBuilder> Split(NpgsqlConnectionStringBuilder settings)
        => AreSeveral(settings) ? [.. settings.Host!.Split(',').Select(host => Alone(settings, host.Trim()))] : [settings];

    private static NpgsqlConnectionStringBuilder Alone(NpgsqlConnectionStringBuilder settings, string host)
    {
        var alone = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { TargetSessionAttributes = null, LoadBalanceHosts = false };
        var colon = host.LastIndexOf(':');

        // The colons of an IPv6 address are within brackets, or its own.
        var hasPort = colon > 0 && (host[colon - 1] == ']' || host.IndexOf(':', StringComparison.Ordinal) == colon);
        alone.Host = (hasPort ? host[..colon] : host).Trim('[', ']');
        if (hasPort)
        {
            alone.Port = int.Parse(host[(colon + 1)..], CultureInfo.InvariantCulture);
        }

        return alone;
    }

    /// <summary>Whether it is worth asking again: no host answers, or none of several can be written to yet.</summary>
    internal static bool IsAway(Exception exception, NpgsqlConnectionStringBuilder settings)
        => exception is TimeoutException or NpgsqlException { IsTransient: true }
            || (AreSeveral(settings) && exception is NpgsqlException and not PostgresException { IsTransient: false });

    /// <summary>Hosts and ports, for people.</summary>
    internal static string Name(NpgsqlConnectionStringBuilder settings)
        => AreSeveral(settings) ? settings.Host! : $"{settings.Host}:{settings.Port}";

    private static bool AreSeveral(NpgsqlConnectionStringBuilder settings) => settings.Host?.Contains(',', StringComparison.Ordinal) == true;
}
