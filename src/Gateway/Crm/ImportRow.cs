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
        long line = 0;
        var tooLong = false;
        while (true)
        {
            // Without a token: the server ends a read whose caller has gone, and takes one that was cancelled for a fault to be logged.
            var read = await reader.ReadAsync(CancellationToken.None);
            var buffer = read.Buffer;
            try
            {
                while (buffer.PositionOf((byte)'\n') is { } end)
                {
                    line++;
                    if (RowOf(line, buffer.Slice(0, end), tooLong) is { } row)
                    {
                        yield return row;
                    }

                    tooLong = false;
                    buffer = buffer.Slice(buffer.GetPosition(1, end));
                }

                if (read.IsCompleted)
                {
                    if (RowOf(line + 1, buffer, tooLong) is { } last)
                    {
                        yield return last;
                    }

                    buffer = buffer.Slice(buffer.End);
                    yield break;
                }

                // A line that never ends must not fill the memory.
                if (buffer.Length > RawPost.MaxBytes)
                {
                    tooLong = true;
                    buffer = buffer.Slice(buffer.End);
                }
            }
            finally
            {
                // Also where whoever takes the rows goes away in the middle: the server reads on for itself.
                reader.AdvanceTo(buffer.Start, buffer.End);
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
