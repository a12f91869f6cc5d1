using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CsvHelper;
using LeadGrain.Gateway.Crm;
using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.Tests.Gateway;
using LeadGrain.Tests.Ingestion;

namespace LeadGrain.Tests.Crm;

/// <summary>Leads as files.</summary>
public sealed class CrmFileTests(SharedGrid shared) : IClassFixture<SharedGrid>
{
    [Fact]
    public async Task An_export_is_csv_that_no_spreadsheet_runs()
    {
        using var client = shared.Grid.NewClient("crm", "export");
        await client.PostLeadAsync("""{"email":"=cmd()","firstName":"a,\"b\"\nc","phone":"+371","x":1}""");
        for (var i = 0; i < 600; i++)
        {
            await client.PostLeadAsync($$"""{"email":"n{{i}}@b.c","country":"LV"}""");
        }

        using var answer = await client.GetAsync("/crm/leads.csv");
        Assert.Equal("text/csv", answer.Content.Headers.ContentType!.MediaType);
        using var csv = new CsvReader(new StringReader(await answer.Content.ReadAsStringAsync()), System.Globalization.CultureInfo.InvariantCulture);
        var rows = csv.GetRecords<dynamic>().Select(row => (IDictionary<string, object>)row).ToList();
        Assert.Equal(601, rows.Count);
        Assert.Equal(("'=cmd()", "a,\"b\"\nc", "'+371", "{\"x\":1}"), (rows[^1]["email"], rows[^1]["firstName"], rows[^1]["phone"], rows[^1]["extra"]));
        Assert.Equal("n599@b.c", rows[0]["email"]);
        var some = await client.GetStringAsync("/crm/leads.csv?q=n59");
        Assert.Equal(1 + 11, some.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task Large_leads_are_listed_and_exported_a_few_at_a_time()
    {
        using var client = shared.Grid.NewClient("crm", "large");
        for (var i = 0; i < 10; i++)
        {
            await client.PostLeadAsync($$"""{"email":"n{{i}}@b.c","description":"{{new string('x', 900_000)}}"}""");
        }

        var (seen, next) = (new List<string>(), "");
        do
        {
            var page = await client.ReadAsync($"/crm/leads?limit=1000{next}");
            Assert.InRange(page["leads"]!.AsArray().Count, 1, 5);
            seen.AddRange(page["leads"]!.AsArray().Select(lead => (string)lead!["email"]!));
            next = page["next"] is { } token ? $"&next={Uri.EscapeDataString((string)token!)}" : null;
        }
        while (next is not null);

        Assert.Equal(Enumerable.Range(0, 10).Reverse().Select(i => $"n{i}@b.c"), seen);
        Assert.Equal(1 + 10, (await client.GetStringAsync("/crm/leads.csv")).Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Theory]
    [InlineData("=1", "'=1")]
    [InlineData("-1", "'-1")]
    [InlineData("@a", "'@a")]
    [InlineData("\ta", "\"'\ta\"")]
    [InlineData("\n=1", "\"'\n'=1\"")]
    [InlineData("\r=1", "\"'\r'=1\"")]
    [InlineData("\uFF1D1", "'\uFF1D1")]
    [InlineData("\uFF0B1", "'\uFF0B1")]
    [InlineData("\uFF0D1", "'\uFF0D1")]
    [InlineData("\uFF20a", "'\uFF20a")]
    [InlineData("a;=1", "\"a;'=1\"")]
    [InlineData("a\t=1", "\"a\t'=1\"")]
    [InlineData("a\r\n-1\nb", "\"a\r\n'-1\nb\"")]
    [InlineData("a;\"@b", "\"a;'\"\"@b\"")]
    [InlineData("a; b\r\nc;", "\"a; b\r\nc;\"")]
    [InlineData("", "")]
    [InlineData("a\"b", "\"a\"\"b\"")]
    [InlineData("a=b", "a=b")]
    public void A_cell_is_safe(string value, string cell) => Assert.Equal(cell, CrmCsvWriter.Cell(value));

    [Fact]
    public async Task Csv_is_imported_row_by_row_and_a_second_time_changes_nothing()
    {
        using var client = shared.Grid.NewClient("crm", "import-csv");
        const string File = "email,First Name,utm\r\n\"a@b.c\",\"O, \"\"x\"\"\r\ny\",1\r\n\r\nd@e.f,Z\r\nd@e.f,Z\r\n,,\r\ng@h.i,J,2,beyond\r\n";

        var first = await ImportAsync(client, File, "text/csv; charset=utf-8");
        var second = await ImportAsync(client, File, "text/csv");

        Assert.Equal(["created", "created", "duplicate", "created"], first.Select(row => (string?)row["outcome"]));
        Assert.All(second, row => Assert.Equal("duplicate", (string?)row["outcome"]));
        Assert.Equal(first.Select(row => (string?)row["leadId"]), second.Select(row => (string?)row["leadId"]));
        Assert.Equal([2L, 5L, 6L, 8L], first.Select(row => (long)row["line"]!));
        var lead = await client.LeadAsync((Guid)first[0]["leadId"]!);
        Assert.Equal(("a@b.c", "O, \"x\"\r\ny", "1"), ((string?)lead["email"], (string?)lead["firstName"], (string?)lead["extra"]!["utm"]));
        Assert.Equal("beyond", (string?)(await client.LeadAsync((Guid)first[3]["leadId"]!))["extra"]!["column4"]);
        Assert.Equal(3, (await client.ListAsync("")).Count); // a row of nothing but commas is an empty line
    }

    [Fact]
    public async Task An_export_comes_in_again_with_the_values_that_went_out()
    {
        using var client = shared.Grid.NewClient("crm", "guards");
        using var other = shared.Grid.NewClient("crm", "guards-again");
        string[] values = ["+371 2", "'+371 2", "''=x", "'tis", "-1", "@ann", "plain", "＝x", "a;=1", "a;'=1", "-;'a\r\n@b;''"];
        foreach (var value in values)
        {
            await client.PostLeadAsync(new JsonObject { ["phone"] = value }.ToJsonString());
        }

        var imported = await ImportAsync(other, await client.GetStringAsync("/crm/leads.csv"), "text/csv");

        Assert.All(imported, row => Assert.Equal("created", (string?)row["outcome"]));
        var phones = (await other.ReadAsync("/crm/leads"))["leads"]!.AsArray().Select(lead => (string)lead!["phone"]!);
        Assert.Equal(values.Order(StringComparer.Ordinal), phones.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("text/csv", "email\na@b.c\n")]
    [InlineData("application/x-ndjson", "{\"email\":\"a@b.c\"}")]
    public async Task A_post_cannot_take_the_place_of_a_row_to_be_imported(string type, string file)
    {
        using var client = shared.Grid.NewClient("crm", $"preempted-{Guid.NewGuid():n}");
        var key = $"import:{Convert.ToHexStringLower(SHA256.HashData("""{"email":"a@b.c"}"""u8))}";
        var posted = (await client.PostLeadAsync("""{"email":"other@b.c"}""", key)).MustBeCreated();

        var row = Assert.Single(await ImportAsync(client, file, type));
        var again = Assert.Single(await ImportAsync(client, file, type));

        Assert.Equal("a@b.c", (string?)(await client.LeadAsync((Guid)row["leadId"]!))["email"]);
        Assert.Equal(("created", "duplicate", (string?)row["leadId"]), ((string?)row["outcome"], (string?)again["outcome"], (string?)again["leadId"]));
        Assert.Equal(posted, (await client.PostLeadAsync("""{"email":"other@b.c"}""", key)).MustBeRepeated());
    }

    [Theory]
    [InlineData("text/csv", "email\na@b.c\n")]
    [InlineData("application/x-ndjson", "{\"email\":\"a@b.c\"}\n")]
    public async Task A_file_may_begin_with_a_byte_order_mark(string type, string file)
    {
        using var client = shared.Grid.NewClient("crm", $"mark-{Guid.NewGuid():n}");

        var row = Assert.Single(await ImportAsync(client, $"\uFEFF{file}", type));

        var lead = await client.LeadAsync((Guid)row["leadId"]!);
        Assert.Equal(("a@b.c", null), ((string?)lead["email"], lead["extra"]));
    }

    [Fact]
    public async Task Ndjson_of_any_length_is_imported_with_an_outcome_for_each_line()
    {
        using var client = shared.Grid.NewClient("crm", "import-ndjson");
        var lines = Enumerable.Range(0, 3_000).Select(n => n switch
        {
            7 => "not json",
            9 => "",
            11 => $$"""{"email":"{{new string('x', 1_100_000)}}"}""",
            _ => $$"""{"email":"n{{n}}@b.c"}""",
        });
        var rows = await ImportAsync(client, string.Join('\n', lines), "application/x-ndjson");

        Assert.Equal(2_999, rows.Count);
        Assert.Equal([8L, 12L], rows.Where(row => (string?)row["outcome"] == "invalid").Select(row => (long)row["line"]!));
        Assert.Equal(2_997, rows.Count(row => (string?)row["outcome"] == "created"));
        Assert.Equal((3_000L, "n2999@b.c"), ((long)rows[^1]["line"]!, (string?)(await client.LeadAsync((Guid)rows[^1]["leadId"]!))["email"]));
        using var wrong = await client.PostAsync("/crm/leads/import", new StringContent("{}", Encoding.UTF8, "application/json"));
        (await Answer.OfAsync(wrong)).MustBeProblem(415, "unsupported_media_type");
    }

    [Theory]
    [InlineData("text/csv", "utf-8", "")]
    [InlineData("text/csv", "\"UTF-8\"", "gzip")]
    [InlineData("text/csv", "utf-16", "br")]
    [InlineData("text/csv", "iso-8859-1", "")]
    [InlineData("text/csv", "windows-1252", "gzip")]
    [InlineData("text/csv", "windows-1257", "")]
    [InlineData("application/x-ndjson", "utf-16", "gzip")]
    [InlineData("application/x-ndjson", "windows-1252", "")]
    public async Task A_file_is_read_in_its_charset_and_without_its_encoding(string type, string charset, string encoding)
    {
        using var client = shared.Grid.NewClient("crm", $"charset-{Guid.NewGuid():n}");
        var file = type == "text/csv" ? "email,lastName\na@b.c,Müller\n" : "{\"email\":\"a@b.c\",\"lastName\":\"Müller\"}\n";

        var rows = await RowsAsync(await SendFileAsync(client, Pack(Charsets.Find(charset.Trim('"'))!.GetBytes(file), encoding), $"{type}; charset={charset}", encoding));

        Assert.Equal("Müller", (string?)(await client.LeadAsync((Guid)Assert.Single(rows)["leadId"]!))["lastName"]);
    }

    [Theory]
    [InlineData("text/csv; charset=nonsense", "", 415)]
    [InlineData("text/csv; charset=utf-7", "", 415)]
    [InlineData("application/x-ndjson; charset=nonsense", "", 415)]
    [InlineData("text/csv", "zstd", 415)]
    [InlineData("text/csv", "gzip, br", 415)]
    [InlineData("text/csv", "gzip", 400)]
    [InlineData("text/csv", "br", 400)]
    [InlineData("application/x-ndjson", "gzip", 400)]
    public async Task A_file_whose_charset_or_encoding_is_not_known_or_not_true_is_refused(string type, string encoding, int status)
    {
        using var client = shared.Grid.NewClient("crm", $"refused-{Guid.NewGuid():n}");

        using var answer = await SendFileAsync(client, "email\na@b.c\n"u8.ToArray(), type, encoding);

        (await Answer.OfAsync(answer)).MustBeProblem(status, status == 415 ? "unsupported_media_type" : "bad_request");
        Assert.Empty(await client.ListAsync(""));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    public async Task A_packed_file_that_breaks_off_is_no_shorter_file(string encoding)
    {
        using var client = shared.Grid.NewClient("crm", $"broken-{Guid.NewGuid():n}");
        var packed = Pack("email\na@b.c\n"u8.ToArray(), encoding);

        using var answer = await SendFileAsync(client, packed[..^6], "text/csv", encoding);

        (await Answer.OfAsync(answer)).MustBeProblem(400, "bad_request");
    }

    [Fact]
    public async Task An_export_that_is_imported_again_keeps_in_the_extra_what_only_the_grid_sets()
    {
        using var client = shared.Grid.NewClient("crm", $"again-{Guid.NewGuid():n}");
        var id = (await client.PostLeadAsync("""{"email":"a@b.c","country":"LV"}""")).MustBeCreated();
        await client.PatchAsync(id, """{"status":"called","assignedTo":"ann","notes":"n"}""");
        using var other = shared.Grid.NewClient("crm", $"again-{Guid.NewGuid():n}");

        var row = Assert.Single(await ImportAsync(other, await client.GetStringAsync("/crm/leads.csv"), "text/csv"));

        var lead = await other.LeadAsync((Guid)row["leadId"]!);
        Assert.Equal(("a@b.c", "LV", "new", null), ((string?)lead["email"], (string?)lead["country"], (string?)lead["status"], (string?)lead["assignedTo"]));
        Assert.Equal(($"{id}", "called", "ann", "n"), (
            (string?)lead["extra"]!["id"], (string?)lead["extra"]!["status"], (string?)lead["extra"]!["assignedTo"], (string?)lead["extra"]!["notes"]));
    }

    internal static async Task<List<JsonNode>> ImportAsync(HttpClient client, string file, string type)
        => await RowsAsync(await SendFileAsync(client, Encoding.UTF8.GetBytes(file), type));

    internal static async Task<HttpResponseMessage> SendFileAsync(HttpClient client, byte[] file, string type, string encoding = "")
    {
        using var content = new ByteArrayContent(file);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        if (encoding.Length > 0)
        {
            content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        }

        return await client.PostAsync("/crm/leads/import", content);
    }

    private static byte[] Pack(byte[] file, string encoding)
    {
        if (encoding.Length == 0)
        {
            return file;
        }

        using var packed = new MemoryStream();
        using (Stream packing = encoding == "br" ? new BrotliStream(packed, CompressionLevel.Fastest) : new GZipStream(packed, CompressionLevel.Fastest))
        {
            packing.Write(file);
        }

        return packed.ToArray();
    }

    private static async Task<List<JsonNode>> RowsAsync(HttpResponseMessage response)
    {
        using var answer = response;
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return [.. (await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }
}
