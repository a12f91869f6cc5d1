using System.Text.Encodings.Web;
using System.Text.Json;
using LeadGrain.Bench.Target;

namespace LeadGrain.Bench.Report;

/// <summary>Gathers the figures and curves of a run and writes them.</summary>
internal sealed class BenchReport
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly List<Figure> _figures = [];
    private readonly List<Chart> _charts = [];
    private readonly List<string> _skipped = [];

    internal void Add(Figure figure) => _figures.Add(figure);

    internal void Add(Chart chart) => _charts.Add(chart);

    /// <summary>Says in one line what was not measured, and why.</summary>
    internal void Skip(string line) => _skipped.Add(line);

    /// <summary>The table as Markdown, which reads well on a terminal too.</summary>
    internal string Table()
    {
        string[][] rows =
        [
            ["figure", "measured", "range", "yardstick", "ratio", "target", "met"],
            .. _figures.Select(f => new[]
            {
                f.Title,
                $"{Figure.Number(f.Value)} {f.Unit}",
                f.Samples.Count > 1 ? $"{Figure.Number(f.Samples.Min())} to {Figure.Number(f.Samples.Max())}" : "",
                f.YardstickValue is { } value ? $"{f.Yardstick}: {Figure.Number(value)}" : "",
                f.Ratio is { } ratio ? Figure.Number(ratio) : "",
                f.Target ?? "",
                f.Met is { } met ? met ? "yes" : "no" : "",
            }),
        ];
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(i => rows.Max(r => r[i].Length))];
        var lines = rows.Select(r => $"| {string.Join(" | ", r.Select((cell, i) => cell.PadRight(widths[i])))} |").ToList();
        lines.Insert(1, $"|{string.Join('|', widths.Select(w => new string('-', w + 2)))}|");
        return string.Join('\n', lines.Concat(_skipped.Select(line => $"\n{line}")));
    }

    /// <summary>Writes the table, the JSON and the curves.</summary>
    internal async Task WriteAsync(string folder, MachineFacts machine, BenchOptions options, TimeSpan took)
    {
        Directory.CreateDirectory(folder);
        var document = new
        {
            Machine = machine,
            Host = options.Host.ToString(),
            WindowSeconds = options.Seconds,
            options.Rounds,
            Scenarios = options.Only,
            TookSeconds = Math.Round(took.TotalSeconds),
            Figures = _figures,
            Charts = _charts,
            Skipped = _skipped,
        };
        await File.WriteAllTextAsync(Path.Combine(folder, "latest.json"), JsonSerializer.Serialize(document, s_json) + "\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "latest.md"), $"{Table()}\n\n{machine}.\n");
        foreach (var chart in _charts)
        {
            await File.WriteAllTextAsync(Path.Combine(folder, $"{chart.Id}.svg"), ChartSvg.Draw(chart));
        }
    }
}
