using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using CsvHelper;
using CsvHelper.Configuration;
using LeadGrain.GrainInterfaces.Ingestion;

namespace LeadGrain.Gateway.Crm;

/// <summary>A row to import.</summary>
/// <param name="Line">Where it begins, from 1.</param>
/// <param name="Body">As a posted lead; null where it is too long to be one.</param>
internal readonly record struct ImportRow(long Line, byte[]? Body);

/// <summary>The rows of NDJSON: one for each line that is not blank.</summary>
internal static class NdjsonRows
{
    internal static async IAsyncEnumerable<ImportRow> ReadAsync(PipeReader reader, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        long line = 0;
        var tooLong = false;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
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

                reader.AdvanceTo(read.Buffer.End);
                yield break;
            }

            // A line that never ends must not fill the memory.
            if (buffer.Length > RawPost.MaxBytes)
            {
                tooLong = true;
                buffer = buffer.Slice(buffer.End);
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
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

/// <summary>The rows of CSV: each a JSON object of the header's names.</summary>
internal static class CsvRows
{
    private static readonly CsvConfiguration s_configuration = new(System.Globalization.CultureInfo.InvariantCulture)
    {
        BadDataFound = null,
        DetectColumnCountChanges = false,
        IgnoreBlankLines = true,
        MaxFieldSize = RawPost.MaxBytes,
    };

    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    internal static async IAsyncEnumerable<ImportRow> ReadAsync(Stream body)
    {
        using var text = new StreamReader(body);
        using var csv = new CsvParser(text, s_configuration);
        if (!await csv.ReadAsync())
        {
            yield break;
        }

        var names = csv.Record!;
        while (true)
        {
            long line = csv.RawRow + 1;
            bool? found;
            try
            {
                found = await csv.ReadAsync();
            }
            catch (MaxFieldSizeException)
            {
                found = null;
            }

            if (found == false)
            {
                yield break;
            }

            var row = found is null ? null : ToJson(names, csv.Record!);
            yield return new ImportRow(line, row is { Length: <= RawPost.MaxBytes } ? row : null);
            if (found is null)
            {
                // Where such a row ends cannot be told.
                yield break;
            }
        }
    }

    // Cells beyond the header are kept under their numbers; empty ones say nothing.
    private static byte[] ToJson(string[] names, string[] cells)
    {
        var bytes = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(bytes, s_options);
        json.WriteStartObject();
        for (var i = 0; i < cells.Length; i++)
        {
            if (cells[i].Length > 0)
            {
                json.WriteString(i < names.Length ? names[i].Trim() : $"column{i + 1}", cells[i]);
            }
        }

        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenSpan.ToArray();
    }
}
