using System.Text;
using FsCheck;
using FsCheck.Fluent;
using LeadGrain.Gateway.Crm;

namespace LeadGrain.Tests.Crm;

public sealed class CsvCellsTests
{
    [Theory]
    [InlineData("a\nb\n", "1 a|2 b")]
    [InlineData("a\r\nb\r\nc", "1 a|2 b|3 c")]
    [InlineData("a\rb", "1 a|2 b")]
    [InlineData("\n\n\na\n\r\n\nb\n\n", "4 a|7 b")]
    [InlineData("\"a\nb\"\n\n\"c\r\nd\re\",f\ng", "1 a.b|4 c..d.e;f|7 g")]
    [InlineData("\"\"\n,\n \n", "1 |2 ;|3  ")]
    [InlineData("\"a\"\"b\",\"\"\"\"", "1 a\"b;\"")]
    [InlineData("5\" pipe,a\"b\"\nc", "1 5\" pipe;a\"b\"|2 c")]
    [InlineData("\"a\"b\"c,d\ne", "1 ab\"c;d|2 e")]
    [InlineData("\"a\nb,c\n", "1 a.b,c.")]
    [InlineData("a,", "1 a;")]
    [InlineData("a;b;c\n1,5;x;\"y;z\"", "1 a;b;c|2 1,5;x;y;z")]
    [InlineData("a\tb\n1;2\t3,4", "1 a;b|2 1;2;3,4")]
    [InlineData("\"a;b;c\",d\ne;f,g", "1 a;b;c;d|2 e;f;g")]
    [InlineData("sep=|\r\na|b\r\n1,2|3", "2 a;b|3 1,2;3")]
    [InlineData("sep=;", "")]
    [InlineData("\nsep=;\n", "2 sep=;")]
    [InlineData("", "")]
    public async Task Rows_are_told_by_where_they_begin(string text, string rows)
        => Assert.Equal(rows, string.Join('|', (await ReadAsync(text)).Select(row => $"{row.Line} {string.Join(';', row.Cells).Replace('\n', '.').Replace('\r', '.')}")));

    [Fact]
    public void Whatever_is_written_is_read_and_its_lines_are_counted()
        => Prop.ForAll<int>(seed =>
        {
            var (random, text, expected, line) = (new Random(seed), new StringBuilder(), new List<(long, string)>(), 1L);
            for (var row = random.Next(6); row > 0; row--)
            {
                for (; random.Next(3) == 0; line++)
                {
                    text.Append(Break());
                }

                var cells = Enumerable.Range(0, random.Next(1, 4)).Select(_ => new string(random.GetItems("ab,;\"\n ".AsSpan(), random.Next(6)))).ToArray();
                expected.Add((line, string.Join('|', cells)));
                text.AppendJoin(',', cells.Select(cell => $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")).Append(Break());
                line += 1 + cells.Sum(cell => cell.Count(c => c == '\n'));
            }

            return ReadAsync(text.ToString()).GetAwaiter().GetResult().Select(row => (row.Line, string.Join('|', row.Cells))).SequenceEqual(expected);

            string Break() => random.Next(2) == 0 ? "\n" : "\r\n";
        }).QuickCheckThrowOnFailure();

    private static async Task<List<(long Line, string[] Cells)>> ReadAsync(string text)
    {
        var csv = new CsvCells(new StringReader(text), 1000);
        var rows = new List<(long, string[])>();
        while (await csv.ReadAsync())
        {
            rows.Add((csv.Line, [.. csv.Cells!]));
        }

        return rows;
    }
}
