using System.Globalization;

namespace LeadGrain.Bench.Report;

/// <summary>One line of the table.</summary>
/// <param name="Id">For programs.</param>
/// <param name="Title">For people.</param>
/// <param name="Value">The median of the samples.</param>
/// <param name="Unit">Of the value and of the yardstick.</param>
internal sealed record Figure(string Id, string Title, double Value, string Unit)
{
    /// <summary>What it is held against; null where the target is absolute.</summary>
    public string? Yardstick { get; init; }

    public double? YardstickValue { get; init; }

    public double? Ratio { get; init; }

    /// <summary>What is asked of it; null for orientation only.</summary>
    public string? Target { get; init; }

    public bool? Met { get; init; }

    public IReadOnlyList<double> Samples { get; init; } = [];

    public IReadOnlyList<double> YardstickSamples { get; init; } = [];

    public string? Note { get; init; }

    /// <summary>A line without a target.</summary>
    internal static Figure Of(string id, string title, string unit, IReadOnlyList<double> samples)
        => new(id, title, Statistics.Median(samples), unit) { Samples = samples };

    /// <summary>Holds it against a yardstick measured beside it.</summary>
    internal Figure Beside(string yardstick, IReadOnlyList<double> samples)
    {
        var value = Statistics.Median(samples);
        return this with
        {
            Yardstick = yardstick, YardstickValue = value, YardstickSamples = samples, Ratio = value > 0 ? Value / value : null,
        };
    }

    /// <summary>Asks for a ratio of at least this.</summary>
    internal Figure AtLeastTimes(double ratio) => Asked($"≥ {Number(ratio)} ×", Ratio >= ratio);

    /// <summary>Asks for a ratio of at most this.</summary>
    internal Figure AtMostTimes(double ratio) => Asked($"≤ {Number(ratio)} ×", Ratio <= ratio);

    /// <summary>Asks for a value of at least this.</summary>
    internal Figure AtLeast(double value) => Asked($"≥ {Number(value)} {Unit}", Value >= value);

    /// <summary>Asks for a value of at most this.</summary>
    internal Figure AtMost(double value) => Asked($"≤ {Number(value)} {Unit}", Value <= value);

    /// <summary>Lets a value of at least this do as well.</summary>
    internal Figure OrAtLeast(double value) => Asked($"{Target} or ≥ {Number(value)}", Met == true || Value >= value);

    private Figure Asked(string target, bool met) => this with { Target = target, Met = met };

    /// <summary>Three digits that mean something.</summary>
    internal static string Number(double value) => Math.Abs(value) switch
    {
        0 => "0",
        >= 1000 => Math.Round(value).ToString("#,##0", CultureInfo.InvariantCulture),
        >= 100 => value.ToString("0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.#", CultureInfo.InvariantCulture),
        _ => value.ToString("0.##", CultureInfo.InvariantCulture),
    };
}
