using LeadGrain.Sandbox.Apollo;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Enrichment;

/// <summary>The whole way: HTTP, grain, ledger, provider.</summary>
public sealed class EnrichmentOverHttpTests
{
    [Fact]
    public async Task Fifty_callers_of_five_tenants_share_one_paid_call_of_a_slow_provider()
    {
        await using var apollo = await FakeApollo.StartAsync();
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await StartAsync(database, apollo);
        var release = new TaskCompletionSource();
        apollo.BehaveAlways(new ApolloBehavior.WaitFor(release.Task, new ApolloBehavior.Answer()));
        var clients = Enumerable.Range(0, 5).Select(i => grid.NewClient($"app-{i % 2}", $"org-{i}")).ToArray();

        var calls = Enumerable.Range(0, 50)
            .Select(i => clients[i % 5].PostAsync("/enrich", new { email = i % 2 == 0 ? "slow@acme.example" : " SLOW@acme.example" }))
            .ToArray();
        await apollo.Book.ArrivedAsync(1);
        release.SetResult();
        var answers = await Task.WhenAll(calls);

        Assert.Single(apollo.Book.Calls);
        Assert.Single(answers, answer => !(bool)answer["cached"]!);
        Assert.Single(answers.Select(answer => (string)answer["id"]!).Distinct());
        Assert.Equal("1 found 1", await LedgerAsync(database));
        Array.ForEach(clients, client => client.Dispose());
    }

    [Fact]
    public async Task What_was_paid_for_survives_a_restart()
    {
        await using var apollo = await FakeApollo.StartAsync();
        await using var database = await TestDatabase.CreateAsync();
        await using (var grid = await StartAsync(database, apollo))
        {
            await grid.Client.PostAsync("/enrich", new { email = "jane@acme.example" });
            await grid.Client.PostAsync("/enrich", new { email = "nobody@acme.example" });
        }

        await using var next = await StartAsync(database, apollo);
        var known = await next.Client.PostAsync("/enrich", new { email = "jane@acme.example" });
        var unknown = await next.Client.PostAsync("/enrich", new { email = "nobody@acme.example" });

        Assert.Equal((true, true), ((bool)known["cached"]!, (bool)known["found"]!));
        Assert.Equal((true, false), ((bool)unknown["cached"]!, (bool)unknown["found"]!));
        Assert.Null((string?)unknown["firstName"]);
        Assert.Equal(2, apollo.Book.Calls.Count);
    }

    private static Task<TestGrid> StartAsync(TestDatabase database, FakeApollo apollo) => TestGrid.StartAsync(
        database, null, ("APOLLO_SERVICE_URL", apollo.Url.ToString()), ("APOLLO_SERVICE_API_KEY", apollo.ApiKey));

    private static async Task<string> LedgerAsync(TestDatabase database)
    {
        await using var command = database.DataSource.CreateCommand(
            "select concat_ws(' ', count(*), min(outcome), sum(credits)) from enrichment_calls");
        return (string)(await command.ExecuteScalarAsync())!;
    }
}
