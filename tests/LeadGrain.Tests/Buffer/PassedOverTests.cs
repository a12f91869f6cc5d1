using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Buffer;

/// <summary>Any number of leads may wait that are not to be served: they are passed over by the commit, neither one by one nor all in one.</summary>
public sealed class PassedOverTests : IAsyncLifetime
{
    private const int CommitLeads = 1_000;

    private TestDatabase _database = null!;
    private TestGrid _grid = null!;

    private HttpClient Client => _grid.Client;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync();
        _grid = await TestGrid.StartAsync(_database);
    }

    public async Task DisposeAsync()
    {
        await _grid.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(0, 60)]
    [InlineData(5, null)]
    public async Task A_list_that_was_pushed_twice_is_passed_over_in_a_few_commits(int priority, int? leaseSeconds)
    {
        const int Leads = 3_000;
        (string, int)[] list = [.. Enumerable.Range(0, Leads).Select(n => ($"lead{n}@x.example", priority))];
        await Client.PushAsync("ns", list);
        await Client.PushAsync("ns", list);
        for (var n = 0; n < Leads / 1_000; n++)
        {
            Assert.Equal(1_000, (await Client.NextAsync("ns", 1_000)).Length);
        }

        Assert.False((bool)(await Client.PostAsync("/buffer/next", new { @namespace = "ns", leaseSeconds }))["found"]!);

        Assert.Equal((0, Leads, Leads), await Client.CountsAsync("ns"));
        Assert.InRange(await CommitsAsync("skipped_leads"), Leads / CommitLeads, 12);
    }

    [Fact]
    public async Task Duplicates_within_one_pull_are_passed_over_without_asking_the_database_for_each()
    {
        await Client.PushAsync("ns", ["first@x.example", .. Enumerable.Range(0, 400).SelectMany(n => (string[])[$"{n}@x.example", $"{n}@X.example"])]);
        Assert.Equal("first@x.example", await Client.NextAsync("ns"));

        Assert.Equal(Enumerable.Range(0, 300).Select(n => $"{n}@x.example"), await Client.NextAsync("ns", 300));

        // Sessions tell the statistics what they did when they end, at the latest.
        await _grid.DisposeAsync();
        _grid = await TestGrid.StartAsync(_database);
        Assert.InRange(
            await _database.ScalarAsync<long>("select idx_scan from pg_stat_user_indexes where indexrelname = 'served_leads_namespace_email_key'"), 0, 1_000);
    }

    [Fact]
    public async Task Leads_of_an_email_that_is_on_lease_are_passed_over_in_commits_of_some_size()
    {
        await Client.PushAsync("ns", "a@x.example");
        await Client.LeaseAsync("ns");
        await Client.PushAsync("ns", [.. Enumerable.Repeat("a@x.example", (5 * CommitLeads) - 1), "b@x.example"]);

        Assert.Equal("b@x.example", await Client.NextAsync("ns"));

        Assert.Equal((5 * CommitLeads) - 1, await _database.ScalarAsync<long>("select count(*) from skipped_leads"));
        Assert.InRange(await LargestCommitAsync("skipped_leads"), 1, CommitLeads);
    }

    [Fact]
    public async Task Leases_that_end_together_are_taken_back_in_commits_of_some_size()
    {
        await Client.PushAsync("ns", [.. Enumerable.Range(0, 3 * CommitLeads).Select(n => $"lead{n}@x.example")]);
        for (var n = 0; n < 3; n++)
        {
            Assert.Equal(1_000, (await Client.LeaseAsync("ns", 1_000, seconds: 2)).Count);
        }

        await _grid.DisposeAsync();
        await Eventually.FindAsync(
            "all have ended", () => _database.ScalarAsync<long>("select count(*) from held_leads where due_at < clock_timestamp()"), found => found == 3 * CommitLeads);
        _grid = await TestGrid.StartAsync(_database);
        Assert.Equal("lead0@x.example", await Client.NextAsync("ns"));
        await Eventually.FindAsync(
            "all are back", () => _database.ScalarAsync<long>("select count(*) from held_leads where due_at is null"), found => found == (3 * CommitLeads) - 1);

        Assert.InRange(await LargestCommitAsync("held_leads"), 1, CommitLeads);
    }

    private Task<long> CommitsAsync(string table) => _database.ScalarAsync<long>($"select count(distinct xmin::text) from {table}");

    private Task<long> LargestCommitAsync(string table)
        => _database.ScalarAsync<long>($"select max(n) from (select count(*) as n from {table} group by xmin::text) c");
}
