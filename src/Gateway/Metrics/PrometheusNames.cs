using System.Text;

namespace LeadGrain.Gateway.Metrics;

internal enum SeriesKind { Counter, UpDownCounter, Gauge, Histogram }

/// <summary>Names as OpenTelemetry's rules for Prometheus make them: <c>http.server.request.duration</c> in <c>s</c> is
/// <c>http_server_request_duration_seconds</c>.</summary>
internal static class PrometheusNames
{
    public static string Metric(string instrument, string? unit, SeriesKind kind)
    {
        var name = Clean(instrument, colons: true);
        var counter = kind is SeriesKind.Counter;
        if (counter && name.EndsWith("_total", StringComparison.Ordinal))
        {
            name = name[..^"_total".Length];
        }

        var suffix = Unit(unit, kind);
        if (suffix.Length > 0 && name != suffix && !name.EndsWith('_' + suffix, StringComparison.Ordinal))
        {
            name += '_' + suffix;
        }

        return counter ? name + "_total" : name;
    }

    public static string Label(string key) => Clean(key, colons: false);

    private static string Unit(string? unit, SeriesKind kind)
    {
        var bare = WithoutAnnotations(unit ?? "").Trim();
        if (bare == "1")
        {
            return kind is SeriesKind.Gauge ? "ratio" : "";
        }

        var slash = bare.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
        {
            return Clean(Word(bare), colons: false).Trim('_');
        }

        var per = bare[(slash + 1)..];
        if (per.Length == 0)
        {
            return Clean(Word(bare[..slash]), colons: false).Trim('_');
        }

        return Clean($"{Word(bare[..slash])}_per_{PerWord(per)}", colons: false).Trim('_');
    }

    private static string WithoutAnnotations(string unit)
    {
        var text = new StringBuilder(unit.Length);
        var depth = 0;
        foreach (var c in unit)
        {
            if (c == '{')
            {
                depth++;
            }
            else if (c == '}')
            {
                depth = Math.Max(0, depth - 1);
            }
            else if (depth == 0)
            {
                text.Append(c);
            }
        }
        return text.ToString();
    }

    private static string Word(string unit) => unit switch
    {
        "d" => "days", "h" => "hours", "min" => "minutes", "s" => "seconds", "ms" => "milliseconds",
        "us" => "microseconds", "ns" => "nanoseconds",
        "By" => "bytes", "KiBy" => "kibibytes", "MiBy" => "mebibytes", "GiBy" => "gibibytes", "TiBy" => "tebibytes",
        "KBy" => "kilobytes", "MBy" => "megabytes", "GBy" => "gigabytes", "TBy" => "terabytes",
        "m" => "meters", "V" => "volts", "A" => "amperes", "J" => "joules", "W" => "watts", "g" => "grams",
        "Cel" => "celsius", "Hz" => "hertz", "%" => "percent",
        _ => unit,
    };

    private static string PerWord(string unit) => unit switch
    {
        "s" => "second", "m" or "min" => "minute", "h" => "hour", "d" => "day", "w" => "week", "mo" => "month", "y" => "year",
        _ => Word(unit),
    };

    private static string Clean(string text, bool colons)
    {
        var clean = new StringBuilder(text.Length + 1);
        foreach (var c in text)
        {
            if (char.IsAsciiLetterOrDigit(c) || (c == ':' && colons))
            {
                clean.Append(c);
            }
            else if (clean.Length == 0 || clean[^1] != '_')
            {
                clean.Append('_');
            }
        }
        if (clean.Length > 0 && char.IsAsciiDigit(clean[0]))
        {
            clean.Insert(0, '_');
        }

        return clean.ToString();
    }
}
