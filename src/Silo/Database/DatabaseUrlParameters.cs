using System.Globalization;
using Npgsql;

namespace LeadGrain.Silo;

/// <summary>The parameters after the question mark: libpq's, those that Prisma adds, and Npgsql's own keywords.</summary>
internal static class DatabaseUrlParameters
{
    // Npgsql's greatest time-out for connecting, in seconds.
    private const int LongestTimeout = 1024;

    // Of other drivers, without a meaning here: the pool and the statement cache are Npgsql's, the encoding is always UTF-8.
    private static readonly HashSet<string> s_ignored = new(StringComparer.OrdinalIgnoreCase)
    {
        "pool_timeout", "statement_cache_size", "sslidentity", "client_encoding", "hostaddr", "keepalives_count",
        "tcp_user_timeout", "sslcompression", "sslsni", "sslcrl", "max_protocol_version", "min_protocol_version",
    };

    public static void Read(NpgsqlConnectionStringBuilder result, string query)
    {
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new DatabaseUrlException("has a parameter without a value.");
            }
            var name = DatabaseUrl.Decode(pair[..equals]);
            var value = DatabaseUrl.Decode(pair[(equals + 1)..]);
            if (value.Length > 0 && !s_ignored.Contains(name))
            {
                Apply(result, name, value);
            }
        }
    }

    private static void Apply(NpgsqlConnectionStringBuilder result, string name, string value)
    {
        switch (name.ToUpperInvariant())
        {
            case "HOST":
                DatabaseUrl.ReadHosts(result, value);
                break;
            case "PORT":
                result.Port = DatabaseUrl.ReadPort(value);
                break;
            case "USER":
                result.Username = value;
                break;
            case "DBNAME":
                result.Database = value;
                break;
            case "SCHEMA":
                result.SearchPath = value;
                break;
            case "CONNECTION_LIMIT":
                result.MaxPoolSize = Number(value, "connection_limit", 1, 10_000);
                break;
            case "CONNECT_TIMEOUT":
                result.Timeout = Math.Min(Number(value, "connect_timeout", 0, int.MaxValue), LongestTimeout);
                break;
            case "SOCKET_TIMEOUT":
                result.CommandTimeout = Number(value, "socket_timeout", 0, int.MaxValue);
                break;
            case "FALLBACK_APPLICATION_NAME":
                result.ApplicationName ??= value;
                break;
            case "PGBOUNCER":
                // Its transaction mode resets nothing and knows no session's statements.
                result.NoResetOnClose = value == "true";
                break;
            default:
                ApplySecurity(result, name, value);
                break;
        }
    }

    private static void ApplySecurity(NpgsqlConnectionStringBuilder result, string name, string value)
    {
        switch (name.ToUpperInvariant())
        {
            case "SSLMODE":
                result.SslMode = ReadSslMode(value);
                break;
            case "SSL":
                result.SslMode = value == "true" ? SslMode.Require : SslMode.Disable;
                break;
            case "SSLACCEPT":
                result.SslMode = value == "strict" ? SslMode.VerifyFull : result.SslMode;
                break;
            case "SSLROOTCERT" when value == "system":
                result.SslMode = SslMode.VerifyFull;
                break;
            case "SSLROOTCERT":
                result.RootCertificate = value;
                break;
            case "SSLCERT":
                result.SslCertificate = value;
                break;
            case "SSLKEY":
                result.SslKey = value;
                break;
            default:
                ApplyNetwork(result, name, value);
                break;
        }
    }

    private static void ApplyNetwork(NpgsqlConnectionStringBuilder result, string name, string value)
    {
        switch (name.ToUpperInvariant())
        {
            case "KEEPALIVES":
                result.TcpKeepAlive = value == "1";
                break;
            case "KEEPALIVES_IDLE":
                result.TcpKeepAliveTime = Number(value, "keepalives_idle", 0, int.MaxValue);
                break;
            case "KEEPALIVES_INTERVAL":
                result.TcpKeepAliveInterval = Number(value, "keepalives_interval", 0, int.MaxValue);
                break;
            case "TARGET_SESSION_ATTRS":
                result.TargetSessionAttributes = value;
                break;
            case "LOAD_BALANCE_HOSTS":
                result.LoadBalanceHosts = value == "random";
                break;
            case "GSSENCMODE":
                ApplyKeyword(result, "GSS Encryption Mode", value);
                break;
            default:
                // application_name, options, password, sslpassword, channel_binding and the like: Npgsql knows them
                // without the underscore.
                ApplyKeyword(result, name.Replace("_", " ", StringComparison.Ordinal), value);
                break;
        }
    }

    private static SslMode ReadSslMode(string value) => value.ToUpperInvariant() switch
    {
        "DISABLE" => SslMode.Disable,
        "ALLOW" => SslMode.Allow,
        "PREFER" => SslMode.Prefer,
        "REQUIRE" or "NO-VERIFY" => SslMode.Require,
        "VERIFY-CA" => SslMode.VerifyCA,
        "VERIFY-FULL" => SslMode.VerifyFull,
        _ => throw new DatabaseUrlException(
            "has an sslmode other than disable, allow, prefer, require, verify-ca and verify-full."),
    };

    private static int Number(string value, string name, int least, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new DatabaseUrlException($"has a {name} that is no number from {least} to {most}.");

    private static void ApplyKeyword(NpgsqlConnectionStringBuilder result, string keyword, string value)
    {
        var one = keyword.Replace(" ", "", StringComparison.Ordinal);
        try
        {
            result[result.ContainsKey(keyword) ? keyword : one] = value;
        }
        catch (Exception unknown) when (unknown is ArgumentException or FormatException or InvalidCastException
            or OverflowException or KeyNotFoundException)
        {
            throw new DatabaseUrlException(
                "has a parameter that is unknown, or a value that its parameter does not take. "
                + "Known are those of libpq and Prisma, and Npgsql's keywords.");
        }
    }
}
