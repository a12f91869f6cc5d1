using System.Globalization;
using System.Net;
using System.Text;

namespace LeadGrain.Bench.Report;

/// <summary>Draws a <see cref="Chart"/> as plain SVG, readable on light and dark pages.</summary>
internal static class ChartSvg
{
    private const int Width = 720;
    private const int Height = 380;
    private const int Left = 80;
    private const int Right = 160;
    private const int Top = 60;
    private const int Bottom = 56;
    private const int Steps = 5;

    private static readonly string[] s_colors = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

    internal static string Draw(Chart chart)
    {
        var top = RoundUp(chart.Curves.SelectMany(c => c.Values).DefaultIfEmpty(1).Max());
        var svg = new StringBuilder(FormattableString.Invariant(
            $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" font-family="sans-serif" font-size="12"><rect width="{Width}" height="{Height}" fill="#fff"/>"""));
        Text(svg, Left, 24, "start", chart.Title, 15);
        Text(svg, Left + (PlotWidth / 2), Height - 12, "middle", chart.XTitle);
        Text(svg, Left, Top - 14, "end", chart.YTitle, 11);
        for (var i = 0; i <= Steps; i++)
        {
            var value = top * i / Steps;
            Append(svg, $"""<line x1="{Left}" x2="{Width - Right}" y1="{Y(value, top):0.#}" y2="{Y(value, top):0.#}" stroke="#ddd"/>""");
            Text(svg, Left - 8, Y(value, top) + 4, "end", Figure.Number(value));
        }

        for (var i = 0; i < chart.Ticks.Count; i++)
        {
            Text(svg, X(i, chart.Ticks.Count), Height - Bottom + 18, "middle", chart.Ticks[i]);
        }

        for (var i = 0; i < chart.Curves.Count; i++)
        {
            DrawCurve(svg, chart.Curves[i], top, s_colors[i % s_colors.Length], Top + 14 + (20 * i));
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static int PlotWidth => Width - Left - Right;

    private static void DrawCurve(StringBuilder svg, Curve curve, double top, string color, int legend)
    {
        var points = curve.Values.Select((value, i) => (X: X(i, curve.Values.Count), Y: Y(value, top))).ToList();
        var path = string.Join(' ', points.Select(p => FormattableString.Invariant($"{p.X:0.#},{p.Y:0.#}")));
        Append(svg, $"""<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>""");
        points.ForEach(p => Append(svg, $"""<circle cx="{p.X:0.#}" cy="{p.Y:0.#}" r="3.5" fill="{color}"/>"""));
        Append(svg, $"""<rect x="{Width - Right + 14}" y="{legend - 10}" width="12" height="12" fill="{color}"/>""");
        Text(svg, Width - Right + 32, legend, "start", curve.Name);
    }

    private static double X(int index, int count) => Left + (PlotWidth * (index + 0.5) / count);

    private static double Y(double value, double top) => Height - Bottom - ((Height - Top - Bottom) * value / top);

    /// <summary>The next number that divides well into the steps.</summary>
    private static double RoundUp(double value)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(value, 1e-9))));
        return power * new[] { 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10 }.First(step => step * power >= value * 0.999);
    }

    private static void Text(StringBuilder svg, double x, double y, string anchor, string text, int size = 12)
        => Append(svg, $"""<text x="{x:0.#}" y="{y:0.#}" text-anchor="{anchor}" font-size="{size}" fill="#333">{WebUtility.HtmlEncode(text)}</text>""");

    private static void Append(StringBuilder svg, FormattableString part) => svg.Append(part.ToString(CultureInfo.InvariantCulture));
}
