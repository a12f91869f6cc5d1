using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace LeadGrain.Silo;

/// <summary>
/// Reads DATABASE_URL: a <c>postgres://</c> address as libpq, Prisma and most hosting services write it, or an Npgsql
/// connection string.
/// </summary>
/// <remarks>
/// Where a secret has a character that should have been percent-encoded, parts of it turn up where a port or a parameter
/// is expected. So no message quotes what was given.
/// </remarks>
internal static partial class DatabaseUrl
{
    private const int DefaultPort = 5432;

    private const string Encode =
        "Percent-encode the characters : / ? # [ ] @ % in the user name and the password.";

    /// <summary>The connection that an address means.</summary>
    /// <exception cref="DatabaseUrlException">It cannot be understood.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string value)
    {
        value = value.Trim();
        if (value.Length == 0)
        {
            throw new DatabaseUrlException("is empty.");
        }
        var scheme = Scheme().Match(value);
        return !scheme.Success
            ? ParseKeywords(value)
            : scheme.Groups[1].Value.ToUpperInvariant() is "POSTGRES" or "POSTGRESQL"
                ? ParseUri(value[scheme.Length..])
                : throw new DatabaseUrlException("does not begin with postgres:// or postgresql://.");
    }

    private static NpgsqlConnectionStringBuilder ParseKeywords(string value)
    {
        try
        {
            var parsed = new NpgsqlConnectionStringBuilder(value);
            // libpq's form has blanks where Npgsql's has semicolons, so that all of it would pass for a host.
            return parsed.Host is null ? throw new DatabaseUrlException("names no host.")
                : parsed.Host.Contains('=', StringComparison.Ordinal) ? throw new FormatException()
                : parsed;
        }
        catch (Exception unreadable) when (unreadable is ArgumentException or FormatException or InvalidCastException
            or OverflowException or KeyNotFoundException)
        {
            throw new DatabaseUrlException(
                "is neither an address (postgres://user:password@host:5432/database) "
                + "nor an Npgsql connection string (Host=…;Username=…;Password=…;Database=…).");
        }
    }

    private static NpgsqlConnectionStringBuilder ParseUri(string rest)
    {
        var end = rest.IndexOfAny(['/', '?', '#']);
        var authority = end < 0 ? rest : rest[..end];
        var tail = end < 0 ? "" : rest[end..];
        var at = authority.LastIndexOf('@');
        if ((at < 0 && authority.Contains(':', StringComparison.Ordinal) && tail.Contains('@', StringComparison.Ordinal))
            || tail.Contains('#', StringComparison.Ordinal))
        {
            throw new DatabaseUrlException($"cannot be taken apart. {Encode}");
        }
        var result = new NpgsqlConnectionStringBuilder();
        if (at >= 0)
        {
            ReadUser(result, authority[..at]);
        }
        ReadHosts(result, authority[(at + 1)..]);
        var question = tail.IndexOf('?', StringComparison.Ordinal);
        var path = question < 0 ? tail : tail[..question];
        if (path.Length > 1)
        {
            result.Database = Decode(path[1..]);
        }
        if (question >= 0)
        {
            DatabaseUrlParameters.Read(result, tail[(question + 1)..]);
        }
        result.Host ??= "localhost";
        if (!result.Host.Contains(',', StringComparison.Ordinal))
        {
            // Npgsql takes it for a choice among several hosts only.
            result.TargetSessionAttributes = null;
        }
        return result;
    }

    private static void ReadUser(NpgsqlConnectionStringBuilder result, string userInfo)
    {
        var colon = userInfo.IndexOf(':', StringComparison.Ordinal);
        result.Username = Decode(colon < 0 ? userInfo : userInfo[..colon]) is { Length: > 0 } name ? name : null;
        result.Password = colon >= 0 && Decode(userInfo[(colon + 1)..]) is { Length: > 0 } password ? password : null;
    }

    /// <summary>One host with its port, or several, which Npgsql wants as host:port each.</summary>
    internal static void ReadHosts(NpgsqlConnectionStringBuilder result, string hosts)
    {
        var all = hosts.Split(',').Select(ReadHost).ToList();
        if (all.Count > 1)
        {
            result.Host = string.Join(',', all.Select(h => $"{Bracketed(h.Host)}:{h.Port ?? DefaultPort}"));
            return;
        }
        result.Host = all[0].Host is { Length: > 0 } host ? host : null;
        if (all[0].Port is { } port)
        {
            result.Port = port;
        }
    }

    internal static int ReadPort(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
            ? port
            : throw new DatabaseUrlException($"has a port that is no number from 1 to 65535. {Encode}");

    internal static string Decode(string text) =>
        BrokenEscape().IsMatch(text)
            ? throw new DatabaseUrlException("has a % that is not followed by two hexadecimal digits. Write %25 for a percent sign.")
            : Uri.UnescapeDataString(text);

    private static (string Host, int? Port) ReadHost(string text)
    {
        if (text.StartsWith('['))
        {
            var close = text.IndexOf(']', StringComparison.Ordinal);
            return close > 1 && (close == text.Length - 1 || text[close + 1] == ':')
                ? (text[1..close], close + 2 < text.Length ? ReadPort(text[(close + 2)..]) : null)
                : throw new DatabaseUrlException("has an IPv6 host without its closing bracket.");
        }
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0
            ? (Decode(text), null)
            : (Decode(text[..colon]), colon + 1 < text.Length ? ReadPort(text[(colon + 1)..]) : null);
    }

    private static string Bracketed(string host) => host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;

    [GeneratedRegex("^([A-Za-z][A-Za-z0-9+.-]*)://")]
    private static partial Regex Scheme();

    [GeneratedRegex("%(?![0-9A-Fa-f]{2})")]
    private static partial Regex BrokenEscape();
}
