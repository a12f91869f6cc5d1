using System.Text;
using LeadGrain.Gateway.Crm;

namespace LeadGrain.Tests.Crm;

/// <summary>A file of any length is read; a row of any length is not.</summary>
public sealed class ImportBoundsTests
{
    private const int Megabyte = 1024 * 1024;

    [Theory]
    [InlineData("{0}", 4)]
    [InlineData("a,{0},b", 4)]
    [InlineData("\"{0}\"", 4)]
    [InlineData("\"{0}\r\n\"\",\n\",\"{0}\"", 6)]
    public async Task Csv_rows_behind_one_that_is_too_long_are_read(string row, long line)
    {
        var tooLong = string.Format(null, row, new string('x', Megabyte + 1));

        var rows = await ReadAsync($"email,name\nn@b.c\n{tooLong}\nm@b.c\n");

        Assert.Equal([2, 3, line], rows.Select(row => row.Line));
        Assert.Equal(["""{"email":"n@b.c"}""", null, """{"email":"m@b.c"}"""], rows.Select(Text));
    }

    [Fact]
    public async Task A_csv_row_just_short_of_a_megabyte_is_read_and_so_are_those_behind_it()
    {
        var wide = string.Join(',', Enumerable.Repeat(new string('x', 1000), 900));

        var rows = await ReadAsync($"email\n{wide}\n{wide}\n{wide}\nn@b.c\n");

        Assert.Equal(4, rows.Count);
        Assert.All(rows, row => Assert.NotNull(row.Body));
    }

    [Fact]
    public async Task A_csv_header_that_is_too_long_is_the_last_row()
        => Assert.Equal([new ImportRow(2, null)], await ReadAsync($"\n{new string('x', Megabyte + 1)}\nn@b.c\n"));

    private static string? Text(ImportRow row) => row.Body is null ? null : Encoding.UTF8.GetString(row.Body);

    private static async Task<List<ImportRow>> ReadAsync(string file)
    {
        using var body = new MemoryStream(Encoding.UTF8.GetBytes(file));
        var rows = new List<ImportRow>();
        await foreach (var row in CsvRows.ReadAsync(body, Encoding.UTF8))
        {
            rows.Add(row);
        }

        return rows;
    }
}
