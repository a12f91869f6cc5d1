using System.Buffers;
using System.Text;

namespace LeadGrain.Gateway.Crm;

/// <summary>
/// Keeps spreadsheets from running a value as a formula: such a cell begins with an apostrophe, which an import of the export takes off.
/// Many split cells at semicolons, tabs and line breaks in quotes as well: what they would run behind one has an apostrophe there too.
/// </summary>
internal static class CsvGuard
{
    private const char Mark = '\'';

    private static readonly SearchValues<char> s_splits = SearchValues.Create(";\t\r\n");

    private static readonly SearchValues<char> s_signs = SearchValues.Create("=+-@\uFF1D\uFF0B\uFF0D\uFF20"); // the last four are full-width =+-@

    /// <summary>The value as a cell.</summary>
    internal static string Put(string value)
    {
        StringBuilder? cell = null;
        var written = 0;
        for (var at = 0; at >= 0; at = Next(value, at))
        {
            if (Needs(value, at, isFirst: at == 0))
            {
                (cell ??= new StringBuilder(value.Length + 8)).Append(value, written, at - written).Append(Mark);
                written = at;
            }
        }

        return cell is null ? value : cell.Append(value, written, value.Length - written).ToString();
    }

    /// <summary>The value of a cell that <see cref="Put"/> made.</summary>
    internal static string Take(string cell)
    {
        StringBuilder? value = null;
        var written = 0;
        for (var at = 0; at >= 0; at = Next(cell, at))
        {
            if (at < cell.Length && cell[at] == Mark && Needs(cell, at + 1, isFirst: at == 0))
            {
                (value ??= new StringBuilder(cell.Length)).Append(cell, written, at - written);
                written = at + 1;
            }
        }

        return value is null ? cell : value.Append(cell, written, cell.Length - written).ToString();
    }

    // Where a spreadsheet may take a cell to begin next; -1: nowhere.
    private static int Next(string text, int at) => text.AsSpan(at).IndexOfAny(s_splits) is >= 0 and var split ? at + split + 1 : -1;

    // Also what looks as if it were guarded, or nobody could tell the two apart. Behind a split, quotes are taken for a cell's own.
    private static bool Needs(string text, int at, bool isFirst)
        => text.AsSpan(at).TrimStart(isFirst ? "'" : "'\"") is [var first, ..] && (s_signs.Contains(first) || (isFirst && first is '\t' or '\r' or '\n'));
}
