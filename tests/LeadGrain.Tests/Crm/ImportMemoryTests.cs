using System.IO.Compression;
using System.Text;
using LeadGrain.Gateway.Crm;
using LeadGrain.GrainInterfaces.Ingestion;

namespace LeadGrain.Tests.Crm;

/// <summary>What an import holds in memory, measured by that of the whole process.</summary>
[Collection(nameof(Alone))]
public sealed class ImportMemoryTests
{
    private const long Endless = 64 * 1024 * 1024;

    [Fact]
    public async Task An_ndjson_line_that_never_ends_takes_no_memory_and_is_invalid()
    {
        using var body = new EndlessStream("{\"email\":\"", "x", Endless);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var rows = new List<ImportRow>();
        await foreach (var row in NdjsonRows.ReadAsync(System.IO.Pipelines.PipeReader.Create(body)))
        {
            rows.Add(row);
        }

        Assert.Equal(new ImportRow(1, null), Assert.Single(rows));
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, Endless / 4);
    }

    [Theory]
    [InlineData("", "a,", 1)] // a header that never ends
    [InlineData("email,name\nn@b.c,1\n", "a,", 3)]
    [InlineData("email,name\nn@b.c,1\n", "\"\n\",", 3)]
    [InlineData("email,name\nn@b.c,1\n\"", "\"\"", 3)]
    public async Task A_csv_row_that_never_ends_takes_little_memory_and_is_invalid(string start, string repeated, long line)
    {
        using var body = new EndlessStream(start, repeated, Endless);
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var rows = new List<ImportRow>();
        await foreach (var row in CsvRows.ReadAsync(body, Encoding.UTF8))
        {
            rows.Add(row);
            Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, Endless / 2);
        }

        Assert.Equal(new ImportRow(line, null), rows[^1]);
        Assert.Equal(start.Length == 0 ? 1 : 2, rows.Count);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    public async Task A_small_file_that_unpacks_to_a_large_one_is_read_in_little_memory(string encoding)
    {
        using var packed = new MemoryStream();
        await using (Stream packing = encoding == "br" ? new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true) : new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            await new EndlessStream("email\n", $"{new string('x', 999)}\n", Endless).CopyToAsync(packing);
        }

        Assert.InRange(packed.Length, 1, Endless / 20);
        packed.Position = 0;
        var (rows, most, before) = (0L, 0L, GC.GetTotalMemory(forceFullCollection: true));
        await using var body = ContentCoding.Open(packed, encoding)!;
        await foreach (var row in CsvRows.ReadAsync(body, Encoding.UTF8))
        {
            if (++rows % 10_000 == 0)
            {
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true) - before);
            }
        }

        Assert.InRange(rows, Endless / 1000 - 1, Endless / 1000 + 1);
        Assert.InRange(most, long.MinValue, Endless / 4);
    }
}
