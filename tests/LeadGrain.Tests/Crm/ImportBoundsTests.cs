using System.Text;
using LeadGrain.Gateway.Crm;

namespace LeadGrain.Tests.Crm;

/// <summary>A file of any length is read; a row of any length is not.</summary>
public sealed class ImportBoundsTests
{
    private const long Endless = 64 * 1024 * 1024;
    private const long Most = 4 * 1024 * 1024;

    [Theory]
    [InlineData("", "a,", 1)] // a header that never ends
    [InlineData("email,name\nn@b.c,1\n", "a,", 3)]
    [InlineData("email,name\nn@b.c,1\n", "\"\n\",", 3)]
    [InlineData("email,name\nn@b.c,1\n", "\"", 3)]
    public async Task A_csv_row_that_never_ends_is_invalid_after_a_megabyte_and_ends_the_import(string start, string repeated, long line)
    {
        using var body = new EndlessStream(start, repeated, Endless);

        var rows = new List<ImportRow>();
        await foreach (var row in CsvRows.ReadAsync(body, Encoding.UTF8))
        {
            rows.Add(row);
        }

        Assert.Equal((line, null), (rows[^1].Line, rows[^1].Body));
        Assert.Equal(start.Length == 0 ? 1 : 2, rows.Count);
        Assert.InRange(body.Position, 0, Most);
    }

    [Fact]
    public async Task A_csv_row_just_short_of_a_megabyte_is_read_and_so_are_those_behind_it()
    {
        var wide = string.Join(',', Enumerable.Repeat(new string('x', 1000), 900));
        using var body = new MemoryStream(Encoding.UTF8.GetBytes($"email\n{wide}\n{wide}\n{wide}\nn@b.c\n"));

        var rows = new List<ImportRow>();
        await foreach (var row in CsvRows.ReadAsync(body, Encoding.UTF8))
        {
            rows.Add(row);
        }

        Assert.Equal(4, rows.Count);
        Assert.All(rows, row => Assert.NotNull(row.Body));
    }
}
