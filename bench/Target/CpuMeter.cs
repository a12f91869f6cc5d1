using System.Globalization;

namespace LeadGrain.Bench.Target;

/// <summary>Reads the processor time that the grid and PostgreSQL have taken, as /proc tells.</summary>
internal sealed class CpuMeter
{
    // USER_HZ: 100 on every Linux that .NET runs on.
    private const double TicksPerSecond = 100;

    private readonly double _grid;

    // By process and its start: numbers come again.
    private readonly Dictionary<(string Id, string Start), double> _postgres = [];

    private CpuMeter(int grid, int postmaster)
    {
        _grid = Seconds(Fields($"/proc/{grid}"));
        var parent = postmaster.ToString(CultureInfo.InvariantCulture);
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(folder => char.IsAsciiDigit(Path.GetFileName(folder)[0])))
        {
            var id = Path.GetFileName(folder);
            if (Fields(folder) is { Length: > 19 } fields && (id == parent || fields[1] == parent))
            {
                _postgres[(id, fields[19])] = Seconds(fields);
            }
        }
    }

    internal static CpuMeter Read(int grid, int postmaster) => new(grid, postmaster);

    /// <summary>
    /// What was taken since. Server processes that have ended are left out: they are those of a yardstick before, which take a
    /// while to end, and their whole time would fall into the moment in which they are gone.
    /// </summary>
    internal CpuTime Since(CpuMeter before)
        => new(_grid - before._grid, _postgres.Sum(process => process.Value - before._postgres.GetValueOrDefault(process.Key)));

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

    private static double Seconds(string[] fields) => fields.Length > 15
        ? (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond
        : 0;
}

/// <summary>Seconds of processor time.</summary>
internal readonly record struct CpuTime(double Grid, double Postgres);
