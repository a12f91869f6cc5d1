namespace LeadGrain.Bench.Report;

/// <summary>Curves over one axis.</summary>
/// <param name="Id">The file's name.</param>
/// <param name="Title">Above it.</param>
/// <param name="XTitle">Below it.</param>
/// <param name="YTitle">Beside it.</param>
/// <param name="Ticks">The places on the x axis, evenly spaced.</param>
/// <param name="Curves">What is drawn.</param>
internal sealed record Chart(
    string Id, string Title, string XTitle, string YTitle, IReadOnlyList<string> Ticks, IReadOnlyList<Curve> Curves);

/// <summary>A curve: a value for each tick.</summary>
internal sealed record Curve(string Name, IReadOnlyList<double> Values);
