using System.Net.Http.Json;
using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Buffer;

public sealed class BulkPullTests(SharedGrid shared) : IClassFixture<SharedGrid>
{
    private HttpClient Client => shared.Client;

    [Fact]
    public async Task Many_leads_are_pulled_at_once_in_order_and_each_once()
    {
        var emails = Enumerable.Range(0, 2_500).Select(n => $"lead{n}@x.example").ToArray();
        await Client.PushAsync("bulk", emails);

        Assert.Equal(emails[..1], await Client.NextAsync("bulk", 1));
        Assert.Equal(emails[1..1_001], await Client.NextAsync("bulk", 1_000));
        Assert.Equal(emails[1_001..2_001], await Client.NextAsync("bulk", 1_000));
        Assert.Equal(emails[2_001..], await Client.NextAsync("bulk", 1_000));
        Assert.Empty(await Client.NextAsync("bulk", 1_000));
        Assert.Equal((0, 2_500, 0), await Client.CountsAsync("bulk"));
    }

    [Fact]
    public async Task Duplicates_are_passed_over_in_a_bulk_pull()
    {
        await Client.PushAsync("doubles", "a@x.example", "A@x.example", "a@x.example", "b@x.example", "B@x.example", "c@x.example");

        var pulled = new List<string>();
        while (await Client.NextAsync("doubles", 2) is [_, ..] emails)
        {
            pulled.AddRange(emails);
        }

        Assert.Equal(["a@x.example", "b@x.example", "c@x.example"], pulled);
        Assert.Equal((0, 3, 3), await Client.CountsAsync("doubles"));
    }

    [Fact]
    public async Task Callers_that_pull_many_and_one_at_once_get_each_lead_once()
    {
        var emails = Enumerable.Range(0, 2_000).Select(n => $"lead{n}@x.example").ToArray();
        await Client.PushAsync("crowd", emails);

        var pulled = await Task.WhenAll(Enumerable.Range(0, 32).Select(async caller =>
        {
            var mine = new List<string>();
            while (await Client.NextAsync("crowd", 1 + (caller * 3)) is [_, ..] some)
            {
                mine.AddRange(some);
            }

            return mine;
        }));

        Assert.Equal(emails.Order(), pulled.SelectMany(mine => mine).Order());
        Assert.Equal((0, 2_000, 0), await Client.CountsAsync("crowd"));
    }

    [Fact]
    public async Task A_pull_whose_further_leads_cannot_be_read_fails_and_is_not_forgotten()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("Buffer:WindowLeads", "1"));
        await grid.Client.PushAsync("ns", "a@x.example", "b@x.example", "c@x.example");
        await RenameAsync(database, "lead_buffer", "away");

        using var failed = await grid.Client.PostAsJsonAsync("/buffer/next", new { @namespace = "ns", count = 3 }).WaitAsync(Eventually.Patience);
        Assert.Equal(500, (int)failed.StatusCode);

        await RenameAsync(database, "away", "lead_buffer");
        Assert.Equal(["a@x.example", "b@x.example", "c@x.example"], await grid.Client.NextAsync("ns", 3));
    }

    private static async Task RenameAsync(TestDatabase database, string from, string to)
    {
        await using var command = database.DataSource.CreateCommand($"alter table {from} rename to {to}");
        await command.ExecuteNonQueryAsync();
    }
}
