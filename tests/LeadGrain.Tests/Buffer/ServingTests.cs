using System.Text.Json.Nodes;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Buffer;

public sealed class ServingTests(SharedGrid shared) : IClassFixture<SharedGrid>
{
    private HttpClient Client => shared.Client;

    [Fact]
    public async Task Leads_are_served_in_push_order_and_once()
    {
        var emails = Enumerable.Range(0, 250).Select(i => $"lead{i}@order.example").ToArray();
        Assert.Equal((100, 0), await Client.PushAsync("order", emails[..100]));
        Assert.Equal((150, 0), await Client.PushAsync("order", emails[100..]));

        Assert.Equal(emails, await Client.DrainAsync("order"));
        Assert.Equal((0, 250, 0), await Client.CountsAsync("order"));
    }

    [Fact]
    public async Task A_served_email_is_left_out_of_later_pushes_however_it_is_written()
    {
        await Client.PushAsync("dedup", "John@Example.com");
        await Client.NextAsync("dedup");

        Assert.Equal((1, 3), await Client.PushAsync("dedup", "john@example.com", " JOHN@EXAMPLE.COM ", "other@example.com", "John@example.com"));
        Assert.Equal(["other@example.com"], await Client.DrainAsync("dedup"));
    }

    [Fact]
    public async Task A_lead_that_already_waits_counts_as_buffered_and_is_served_once_and_then_skipped()
    {
        Assert.Equal((2, 0), await Client.PushAsync("twice", "a@twice.example", "A@twice.example"));
        Assert.Equal((2, 0), await Client.PushAsync("twice", "a@twice.example", "b@twice.example"));

        Assert.Equal(["a@twice.example", "b@twice.example"], await Client.DrainAsync("twice"));
        Assert.Equal((0, 2, 2), await Client.CountsAsync("twice"));
    }

    [Fact]
    public async Task The_same_email_is_served_once_in_each_namespace()
    {
        await Client.PushAsync("spring", "a@both.example");
        await Client.PushAsync("autumn", "a@both.example");

        Assert.Equal("a@both.example", await Client.NextAsync("spring"));
        Assert.Equal("a@both.example", await Client.NextAsync("autumn"));
    }

    [Fact]
    public async Task A_pull_gives_back_what_the_push_said_byte_for_byte()
    {
        const string Data = """{"b": 1.50,  "a":"\u00e9é", "list":[1e400, null]}""";
        var push = $$"""
            {"namespace":"whole","brandId":"brand","clerkOrgId":"clerk","clerkUserId":"user",
             "leads":[{"email":" Jane@Whole.example","externalId":"x-1","data":{{Data}}}]}
            """;
        using var content = new StringContent(push, null, "application/json");
        using var pushed = await Client.PostAsync(new Uri("/buffer/push", UriKind.Relative), content);
        Assert.True(pushed.IsSuccessStatusCode);

        using var pull = new StringContent("""{"namespace":"whole"}""", null, "application/json");
        using var pulled = await Client.PostAsync(new Uri("/buffer/next", UriKind.Relative), pull);
        var text = await pulled.Content.ReadAsStringAsync();
        Assert.Contains(Data, text, StringComparison.Ordinal);
        var lead = JsonNode.Parse(text)!["lead"]!;
        Assert.Equal(
            (" Jane@Whole.example", "x-1", "brand", "clerk", "user"),
            ((string)lead["email"]!, (string)lead["externalId"]!, (string)lead["brandId"]!, (string)lead["clerkOrgId"]!, (string)lead["clerkUserId"]!));
    }

    [Fact]
    public async Task An_unknown_namespace_is_empty_and_pulling_it_creates_nothing()
    {
        Assert.Null(await Client.NextAsync("never-pushed"));
        using var status = await Client.GetAsync(new Uri("/namespaces/never-pushed", UriKind.Relative));
        Assert.Equal(404, (int)status.StatusCode);
    }

    [Fact]
    public async Task Ten_thousand_leads_go_in_one_push_and_come_out_in_order()
    {
        var emails = Enumerable.Range(0, 10_000).Select(i => $"lead{i}@bulk.example").ToArray();
        Assert.Equal((10_000, 0), await Client.PushAsync("bulk", emails));

        // More than the window holds, so the rest is read from the database in its turn.
        for (var i = 0; i < 2_500; i++)
        {
            Assert.Equal(emails[i], await Client.NextAsync("bulk"));
        }

        Assert.Equal((7_500, 2_500, 0), await Client.CountsAsync("bulk"));
    }

    [Fact]
    public async Task A_push_that_the_database_refuses_leaves_nothing_and_harms_no_other_namespace()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var poison = database.DataSource.CreateCommand(
            "alter table lead_batches add constraint no_poison check ('poison@x.example' <> all (emails))");
        await poison.ExecuteNonQueryAsync();
        await using var grid = await TestGrid.StartAsync(database);
        var others = Enumerable.Range(0, 20).Select(i => grid.Client.PushAsync($"good{i}", $"a{i}@x.example", $"b{i}@x.example"));
        var bad = grid.Client.PostAsync("/buffer/push", new { @namespace = "bad", leads = new[] { new { email = "fine@x.example" }, new { email = "poison@x.example" } } });

        Assert.All(await Task.WhenAll(others), outcome => Assert.Equal((2, 0), outcome));
        await Assert.ThrowsAnyAsync<Exception>(() => bad);
        Assert.Null(await grid.Client.NextAsync("bad"));
        Assert.Equal((1, 0), await grid.Client.PushAsync("bad", "fine@x.example"));
        Assert.Equal("fine@x.example", await grid.Client.NextAsync("bad"));
    }
}
