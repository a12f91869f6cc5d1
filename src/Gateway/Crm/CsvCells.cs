using System.Text;

namespace LeadGrain.Gateway.Crm;

/// <summary>Reads CSV (RFC 4180, but for <see cref="CsvSeparator"/>) row by row, however long a row is, and keeps no more of it than it may have.
/// Empty lines are no rows; a quote that does not begin a cell is a character like others.</summary>
/// <param name="text">Read to its end.</param>
/// <param name="most">How many characters a row may have.</param>
internal sealed class CsvCells(TextReader text, int most)
{
    private readonly char[] _buffer = new char[16 * 1024];
    private readonly StringBuilder _cell = new();
    private readonly List<string> _cells = [];

    private char? _separator;
    private int _at;
    private int _end;
    private Place _place = Place.BeforeRow;
    private char _last;
    private long _breaks;
    private long _length;

    private enum Place
    {
        BeforeRow,
        BeforeCell,
        Plain,
        Quoted,
        BehindQuote,
    }

    /// <summary>Where the row begins, from 1.</summary>
    internal long Line { get; private set; }

    /// <summary>The row's cells; null where it is too long.</summary>
    internal IReadOnlyList<string>? Cells => _length > most ? null : _cells;

    /// <summary>Reads the next row.</summary>
    /// <returns>Whether there is one.</returns>
    internal async ValueTask<bool> ReadAsync()
    {
        _cells.Clear();
        _length = 0;
        if (_separator is null)
        {
            await StartAsync();
        }

        while (true)
        {
            while (_at < _end)
            {
                if (Take(_buffer[_at++]))
                {
                    return true;
                }
            }

            (_at, _end) = (0, await text.ReadAsync(_buffer));
            if (_end == 0)
            {
                return EndText();
            }
        }
    }

    private async ValueTask StartAsync()
    {
        while (_end < _buffer.Length && _buffer.AsSpan(0, _end).TrimStart("\r\n").IndexOfAny('\r', '\n') < 0)
        {
            if (await text.ReadAsync(_buffer.AsMemory(_end)) is var read && read == 0)
            {
                break;
            }

            _end += read;
        }

        (_separator, _at) = CsvSeparator.Find(_buffer.AsSpan(0, _end));
    }

    /// <returns>Whether the row is at its end.</returns>
    private bool Take(char next)
    {
        var isBreak = next is '\r' or '\n';
        if (_place == Place.BeforeRow && !isBreak)
        {
            (Line, _place) = (_breaks + 1, Place.BeforeCell);
        }

        if (isBreak && !(next == '\n' && _last == '\r'))
        {
            _breaks++;
        }

        _last = next;
        switch (_place)
        {
            case Place.BeforeRow:
                return false;
            case Place.Quoted when next == '"':
                _place = Place.BehindQuote;
                break;
            case Place.Quoted:
                Keep(next);
                break;
            case Place.BehindQuote when next == '"':
                Keep(next);
                _place = Place.Quoted;
                break;
            case Place.BeforeCell when next == '"':
                _place = Place.Quoted;
                break;
            default:
                return TakePlain(next, isBreak);
        }

        _length++;
        return false;
    }

    private bool TakePlain(char next, bool isBreak)
    {
        if (isBreak)
        {
            EndCell(Place.BeforeRow);
            return true;
        }

        if (next == _separator)
        {
            EndCell(Place.BeforeCell);
        }
        else
        {
            Keep(next);
            _place = Place.Plain;
        }

        _length++;
        return false;
    }

    private bool EndText()
    {
        if (_place == Place.BeforeRow)
        {
            return false;
        }

        EndCell(Place.BeforeRow);
        return true;
    }

    private void Keep(char next)
    {
        if (_length < most)
        {
            _cell.Append(next);
        }
    }

    private void EndCell(Place next)
    {
        if (_length <= most)
        {
            _cells.Add(_cell.ToString());
        }

        _cell.Clear();
        _place = next;
    }
}
