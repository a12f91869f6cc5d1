using System.Net.Http.Json;
using System.Text.Json.Nodes;
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

    [Fact]
    public async Task An_answer_paid_for_while_the_host_loses_the_database_is_given_kept_and_not_paid_again()
    {
        await using var apollo = await FakeApollo.StartAsync();
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await StartAsync(database, apollo);
        var release = new TaskCompletionSource();
        apollo.BehaveNext(1, new ApolloBehavior.WaitFor(release.Task, new ApolloBehavior.Answer()));
        var call = grid.Client.PostAsync("/enrich", new { email = "jane@acme.example" });
        await apollo.Book.ArrivedAsync(1);

        // All of the process's sessions end: on the embedded host the ownership with them.
        await database.ExecuteAsync(
            "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");

        release.SetResult();
        Assert.False((bool)(await call)["cached"]!);

        await Eventually.FindAsync("the answer is kept", () => LedgerAsync(database), ledger => ledger == "1 found 1");
        using var again = await Eventually.FindAsync(
            "it is answered again", () => grid.Client.PostAsJsonAsync("/enrich", new { email = "jane@acme.example" }), answer => answer.IsSuccessStatusCode);
        Assert.True((bool)JsonNode.Parse(await again.Content.ReadAsStringAsync())!["cached"]!);
        Assert.Single(apollo.Book.Calls);
    }

    private static Task<TestGrid> StartAsync(TestDatabase database, FakeApollo apollo) => TestGrid.StartAsync(
        database, null, ("APOLLO_SERVICE_URL", apollo.Url.ToString()), ("APOLLO_SERVICE_API_KEY", apollo.ApiKey));

    private static Task<string> LedgerAsync(TestDatabase database) => database.ScalarAsync<string>(
        "select concat_ws(' ', count(*), min(outcome), sum(credits)) from enrichment_calls");
}
