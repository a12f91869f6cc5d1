using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using CsvHelper;
using CsvHelper.Configuration;
using LeadGrain.GrainInterfaces.Ingestion;

namespace LeadGrain.Gateway.Crm;

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

    /// <param name="body">The file, read to its end.</param>
    /// <param name="charset">What it is in where it does not begin with a byte order mark.</param>
    internal static async IAsyncEnumerable<ImportRow> ReadAsync(Stream body, Encoding charset)
    {
        using var text = new RowReader(new StreamReader(body, charset));
        using var csv = new CsvParser(text, s_configuration);
        if (await NextAsync(csv, text) is not { } header)
        {
            yield return new ImportRow(1, null);
            yield break;
        }

        if (!header)
        {
            yield break;
        }

        var names = csv.Record!;
        while (true)
        {
            long line = csv.RawRow + 1;
            var found = await NextAsync(csv, text);
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

    /// <returns>Whether there is a row; null where it is too long.</returns>
    private static async Task<bool?> NextAsync(CsvParser csv, RowReader text)
    {
        try
        {
            text.BeginRow();
            return await csv.ReadAsync();
        }
        catch (Exception tooLong) when (tooLong is MaxFieldSizeException or RowTooLongException)
        {
            return null;
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

    private sealed class RowTooLongException : Exception;

    /// <summary>Text that ends with an exception where the parser asks for more than a row may have: it would keep all of it.</summary>
    private sealed class RowReader(TextReader inner) : TextReader
    {
        private long _read;

        internal void BeginRow() => _read = 0;

        public override int Read(char[] buffer, int index, int count)
        {
            Check();
            var read = inner.Read(buffer, index, count);
            _read += read;
            return read;
        }

        public override Task<int> ReadAsync(char[] buffer, int index, int count) => ReadAsync(buffer.AsMemory(index, count)).AsTask();

        public override async ValueTask<int> ReadAsync(Memory<char> buffer, CancellationToken cancellationToken = default)
        {
            Check();
            var read = await inner.ReadAsync(buffer, cancellationToken);
            _read += read;
            return read;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }

            base.Dispose(disposing);
        }

        private void Check()
        {
            if (_read > RawPost.MaxBytes)
            {
                throw new RowTooLongException();
            }
        }
    }
}
