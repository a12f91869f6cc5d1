using System.Buffers;

namespace LeadGrain.Gateway.Crm;

/// <summary>Keeps spreadsheets from running a value as a formula: such a cell begins with an apostrophe, which an import of the export takes off.</summary>
internal static class CsvGuard
{
    private const char Mark = '\'';

    private static readonly SearchValues<char> s_run = SearchValues.Create("=+-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20"); // the last four are full-width =+-@

    /// <summary>The value as a cell.</summary>
    internal static string Put(string value) => Needs(value) ? Mark + value : value;

    /// <summary>The value of a cell that <see cref="Put"/> made.</summary>
    internal static string Take(string cell) => cell is [Mark, ..] && Needs(cell[1..]) ? cell[1..] : cell;

    // Also one that looks as if it were guarded, or nobody could tell the two apart.
    private static bool Needs(string value) => value.TrimStart(Mark) is [var first, ..] && s_run.Contains(first);
}
