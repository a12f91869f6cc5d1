using System.Globalization;
using LeadGrain.Bench.Target;

namespace LeadGrain.Bench;

/// <summary>What the command line asks for.</summary>
internal sealed record BenchOptions
{
    internal const string Usage =
        """
        dotnet run -c Release --project bench -- [options]
          --only a,b       some scenarios: next, one, push, latency, slowdisk, fairness, kinds, history, namespaces, held,
                           memory, enrich, leads, ingest-lead, ingest-route, orleans, kestrel
          --seconds 1.25   the measured time of each window
          --rounds 3       windows of each figure; the median counts
          --host Embedded  the host under test: Embedded or Orleans
          --out folder     where results go; bench/results by default
        """;

    /// <summary>Null for all.</summary>
    internal IReadOnlyList<string>? Only { get; init; }

    internal double Seconds { get; init; } = 1.25;

    internal int Rounds { get; init; } = 3;

    internal HostKind Host { get; init; } = HostKind.Embedded;

    internal string? Folder { get; init; }

    internal bool Wants(string scenario) => Only?.Contains(scenario) ?? true;

    /// <exception cref="BenchException">Not understood.</exception>
    internal static BenchOptions Parse(IReadOnlyList<string> arguments, IReadOnlyCollection<string> scenarios)
    {
        var options = new BenchOptions();
        for (var i = 0; i < arguments.Count; i += 2)
        {
            var value = i + 1 < arguments.Count ? arguments[i + 1] : throw new BenchException(Usage);
            options = arguments[i] switch
            {
                "--only" => options with { Only = value.Split(',') },
                "--seconds" when Number(value) is >= 0.5 and <= 60 and var seconds => options with { Seconds = seconds },
                "--rounds" when Number(value) is >= 1 and <= 20 and var rounds => options with { Rounds = (int)rounds },
                "--host" when Enum.TryParse<HostKind>(value, ignoreCase: true, out var host) => options with { Host = host },
                "--out" => options with { Folder = value },
                _ => throw new BenchException(Usage),
            };
        }

        return options.Only?.FirstOrDefault(name => !scenarios.Contains(name)) is { } unknown
            ? throw new BenchException($"There is no scenario {unknown}.\n{Usage}")
            : options;
    }

    private static double? Number(string text)
        => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
}
