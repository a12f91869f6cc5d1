using System.Globalization;

namespace LeadGrain.Bench.Target;

/// <summary>Processor time that the grid and PostgreSQL took, as /proc tells.</summary>
internal readonly record struct CpuMeter(double Grid, double Postgres)
{
    // USER_HZ: 100 on every Linux that .NET runs on.
    private const double TicksPerSecond = 100;

    internal static CpuMeter Read(int grid, int postmaster)
    {
        var children = Directory.EnumerateDirectories("/proc")
            .Where(folder => char.IsAsciiDigit(Path.GetFileName(folder)[0]))
            .Select(folder => Fields(folder))
            .Where(fields => fields is { Length: > 15 } && fields[1] == postmaster.ToString(CultureInfo.InvariantCulture));
        // A backend that ended is counted with its postmaster's children.
        return new CpuMeter(
            Seconds(Fields($"/proc/{grid}"), 11, 12),
            Seconds(Fields($"/proc/{postmaster}"), 11, 12, 13, 14) + children.Sum(fields => Seconds(fields, 11, 12)));
    }

    public static CpuMeter operator -(CpuMeter to, CpuMeter from) => new(to.Grid - from.Grid, to.Postgres - from.Postgres);

    // After the command, which may hold blanks: state, parent, …; proc(5) counts these from 3.
    private static string[] Fields(string folder)
    {
        try
        {
            var text = File.ReadAllText($"{folder}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static double Seconds(string[] fields, params int[] which)
        => fields.Length > 15 ? which.Sum(i => double.Parse(fields[i], CultureInfo.InvariantCulture)) / TicksPerSecond : 0;
}
