using LeadGrain.Tests.Gateway;
using LeadGrain.Tests.Ingestion;

namespace LeadGrain.Tests.Crm;

/// <summary>Files as people have them.</summary>
public sealed class CsvImportTests(SharedGrid shared) : IClassFixture<SharedGrid>
{
    [Theory]
    [InlineData("email;firstName\na@b.c;Ann\n")]
    [InlineData("email\tfirstName\na@b.c\tAnn\n")]
    [InlineData("sep=;\r\nemail;firstName\r\na@b.c;Ann\r\n")]
    public async Task Csv_as_spreadsheets_of_other_countries_write_it_is_imported_alike(string file)
    {
        using var client = shared.Grid.NewClient("crm", $"separators{file.Length}");

        var row = Assert.Single(await CrmFileTests.ImportAsync(client, file, "text/csv"));

        var lead = await client.LeadAsync((Guid)row["leadId"]!);
        Assert.Equal(("a@b.c", "Ann"), ((string?)lead["email"], (string?)lead["firstName"]));
    }

    [Fact]
    public async Task Csv_without_a_header_makes_no_leads_of_nameless_cells()
    {
        using var client = shared.Grid.NewClient("crm", "headless");

        var row = Assert.Single(await CrmFileTests.ImportAsync(client, "a@b.c,Ann\nd@e.f,Bob\n", "text/csv"));

        Assert.Equal((1, "invalid"), ((int)row["line"]!, (string?)row["outcome"]));
        Assert.Empty(await client.ListAsync(""));
    }

    [Fact]
    public async Task A_file_that_is_not_packed_as_it_says_is_told_so()
    {
        using var answer = await CrmFileTests.SendFileAsync(shared.Grid.Client, "email\na@b.c\n"u8.ToArray(), "text/csv", "gzip");

        var told = await Answer.OfAsync(answer);
        told.MustBeProblem(400, "bad_request");
        Assert.Contains("Content-Encoding", told.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/crm/leads.csv?asignee=ann", "asignee")]
    [InlineData("/crm/leads?status=new&foo", "foo")]
    public async Task A_filter_that_there_is_not_finds_nobody_rather_than_everybody(string path, string name)
        => (await Answer.OfAsync(await shared.Grid.Client.GetAsync(path))).MustBeProblem(400, "invalid_parameter", name);
}
