using System.Buffers;
using System.IO.Pipelines;
using LeadGrain.GrainInterfaces.Ingestion;

namespace LeadGrain.Gateway.Crm;

/// <summary>A row to import.</summary>
/// <param name="Line">Where it begins, from 1.</param>
/// <param name="Body">As a posted lead; null where it is too long to be one.</param>
internal readonly record struct ImportRow(long Line, byte[]? Body);

/// <summary>The rows of NDJSON: one for each line that is not blank.</summary>
internal static class NdjsonRows
{
    internal static async IAsyncEnumerable<ImportRow> ReadAsync(PipeReader reader)
    {
        var lines = new Lines();
        while (true)
        {
            // Without a token: the server ends a read whose caller has gone, and takes one that was cancelled for a fault to be logged.
            var read = await reader.ReadAsync(CancellationToken.None);
            var rest = read.Buffer;
            try
            {
                while (lines.TryTake(ref rest, read.IsCompleted, out var row))
                {
                    if (row is { } found)
                    {
                        yield return found;
                    }
                }

                if (read.IsCompleted)
                {
                    yield break;
                }

                lines.CutLong(ref rest);
            }
            finally
            {
                // Also where whoever takes the rows goes away in the middle: the server reads on for itself.
                reader.AdvanceTo(rest.Start, rest.End);
            }
        }
    }

    /// <summary>The lines so far.</summary>
    private sealed class Lines
    {
        private long _count;
        private bool _isCut;

        /// <summary>Takes a line off the bytes; the last one of all has no end.</summary>
        internal bool TryTake(ref ReadOnlySequence<byte> bytes, bool areLast, out ImportRow? row)
        {
            row = null;
            var end = bytes.PositionOf((byte)'\n');
            if (end is null && (!areLast || bytes.IsEmpty && !_isCut))
            {
                return false;
            }

            row = RowOf(++_count, bytes.Slice(0, end ?? bytes.End), _isCut);
            _isCut = false;
            bytes = bytes.Slice(end is { } mark ? bytes.GetPosition(1, mark) : bytes.End);
            return true;
        }

        /// <summary>A line that never ends must not fill the memory.</summary>
        internal void CutLong(ref ReadOnlySequence<byte> bytes)
        {
            if (bytes.Length > RawPost.MaxBytes)
            {
                _isCut = true;
                bytes = bytes.Slice(bytes.End);
            }
        }
    }

    private static ImportRow? RowOf(long line, ReadOnlySequence<byte> bytes, bool tooLong)
    {
        if (tooLong || bytes.Length > RawPost.MaxBytes)
        {
            return new ImportRow(line, null);
        }

        var body = bytes.ToArray().AsSpan().Trim(" \t\r"u8);
        return body.IsEmpty ? null : new ImportRow(line, body.ToArray());
    }
}
