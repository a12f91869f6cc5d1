using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using LeadGrain.GrainInterfaces.Ingestion;

namespace LeadGrain.Gateway.Crm;

/// <summary>The rows of CSV: each a JSON object of the header's names.</summary>
internal static class CsvRows
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <param name="body">The file, read to its end.</param>
    /// <param name="charset">What it is in where it does not begin with a byte order mark.</param>
    internal static async IAsyncEnumerable<ImportRow> ReadAsync(Stream body, Encoding charset)
    {
        using var text = new StreamReader(body, charset);
        var csv = new CsvCells(text, RawPost.MaxBytes);
        if (!await csv.ReadAsync())
        {
            yield break;
        }

        if (csv.Cells is not { } header || header.Any(static name => name.Contains('@', StringComparison.Ordinal)))
        {
            // It is too long, or somebody's row: the others have no names.
            yield return new ImportRow(csv.Line, null);
            yield break;
        }

        string[] names = [.. header.Select(static name => name.Trim())];
        var isExport = names.Take(CrmCsvWriter.Bookkeeping.Count).SequenceEqual(CrmCsvWriter.Bookkeeping);
        while (await csv.ReadAsync())
        {
            if (csv.Cells is { } read && read.All(static cell => cell.Length == 0))
            {
                continue; // no more than an empty line, as spreadsheets write it
            }

            var row = csv.Cells is { } cells ? ToJson(names, isExport ? [.. cells.Select(CsvGuard.Take)] : cells) : null;
            yield return new ImportRow(csv.Line, row is { Length: <= RawPost.MaxBytes } ? row : null);
        }
    }

    // Cells beyond the header are kept under their numbers; empty ones say nothing.
    private static byte[] ToJson(string[] names, IReadOnlyList<string> cells)
    {
        var bytes = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(bytes, s_options);
        json.WriteStartObject();
        for (var i = 0; i < cells.Count; i++)
        {
            if (cells[i].Length > 0)
            {
                json.WriteString(i < names.Length ? names[i] : $"column{i + 1}", cells[i]);
            }
        }

        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenSpan.ToArray();
    }
}
