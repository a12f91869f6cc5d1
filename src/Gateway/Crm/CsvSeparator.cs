namespace LeadGrain.Gateway.Crm;

/// <summary>What separates a file's cells: spreadsheets of many countries write semicolons, and some write tabs.</summary>
internal static class CsvSeparator
{
    private const string Separators = ",;\t";
    private const string Told = "sep=";

    /// <summary>What stands most often in the first line outside of quotes; a comma where that does not tell.</summary>
    /// <param name="start">The file's beginning, with the whole of that line or much of it.</param>
    /// <returns>It, and how many characters belong to no row: a first line such as <c>sep=;</c> says by itself.</returns>
    internal static (char Separator, int Skipped) Find(ReadOnlySpan<char> start)
    {
        var line = start.TrimStart("\r\n");
        line = line.IndexOfAny('\r', '\n') is >= 0 and var end ? line[..end] : line;
        if (line.Length == Told.Length + 1 && start.StartsWith(Told, StringComparison.OrdinalIgnoreCase))
        {
            return (line[^1], line.Length);
        }

        Span<int> counts = stackalloc int[Separators.Length];
        var isQuoted = false;
        foreach (var character in line)
        {
            isQuoted ^= character == '"';
            if (!isQuoted && Separators.IndexOf(character, StringComparison.Ordinal) is >= 0 and var which)
            {
                counts[which]++;
            }
        }

        var most = 0;
        for (var which = 1; which < counts.Length; which++)
        {
            most = counts[which] > counts[most] ? which : most;
        }

        return (Separators[most], 0);
    }
}
