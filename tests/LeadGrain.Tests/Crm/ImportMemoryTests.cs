using LeadGrain.Gateway.Crm;

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
}
