using System.Globalization;
using System.Text;

namespace LeadGrain.Gateway.Metrics;

/// <summary>The text exposition format, version 0.0.4.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    public static void Header(StringBuilder text, string name, string? help, SeriesKind kind)
    {
        if (!string.IsNullOrEmpty(help))
        {
            text.Append("# HELP ").Append(name).Append(' ').Append(Escape(help, quotes: false)).Append('\n');
        }

        text.Append("# TYPE ").Append(name).Append(' ').Append(Type(kind)).Append('\n');
    }

    public static void Sample(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').Append(labels).Append('}');
        }

        text.Append(' ').Append(Number(value)).Append('\n');
    }

    public static void Histogram(StringBuilder text, string name, string labels, double[] bounds, long[] counts, double sum)
    {
        long total = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            total += counts[i];
            var le = $"le=\"{(i < bounds.Length ? Number(bounds[i]) : "+Inf")}\"";
            Sample(text, name + "_bucket", labels.Length == 0 ? le : $"{labels},{le}", total);
        }
        Sample(text, name + "_sum", labels, sum);
        Sample(text, name + "_count", labels, total);
    }

    /// <summary>Tags as label pairs in order of their names; tags whose names become one label are joined by a semicolon.</summary>
    public static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, raw) in tags)
        {
            var name = PrometheusNames.Label(key);
            if (name.Length == 0)
            {
                continue;
            }

            var value = raw is bool flag ? (flag ? "true" : "false") : Convert.ToString(raw, CultureInfo.InvariantCulture) ?? "";
            value = DatabaseLabels.Plain(key, value);
            labels[name] = labels.TryGetValue(name, out var other) ? $"{other};{value}" : value;
        }
        return string.Join(',', labels.Select(label => $"{label.Key}=\"{Escape(label.Value, quotes: true)}\""));
    }

    public static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static string Escape(string text, bool quotes)
    {
        var escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return quotes ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped;
    }

    private static string Type(SeriesKind kind) => kind switch
    {
        SeriesKind.Counter => "counter",
        SeriesKind.Histogram => "histogram",
        _ => "gauge",
    };
}
