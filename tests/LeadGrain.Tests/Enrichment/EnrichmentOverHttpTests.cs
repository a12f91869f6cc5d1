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
        await using (var cut = database.DataSource.CreateCommand(
            "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"))
        {
            await cut.ExecuteNonQueryAsync();
        }

        release.SetResult();
        Assert.False((bool)(await call)["cached"]!);

        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await LedgerAsync(database) != "1 found 1")
        {
            await Task.Delay(20, deadline.Token);
        }

        var again = await EventuallyAsync(() => grid.Client.PostAsync("/enrich", new { email = "jane@acme.example" }), deadline.Token);
        Assert.True((bool)again["cached"]!);
        Assert.Single(apollo.Book.Calls);
    }

    private static async Task<T> EventuallyAsync<T>(Func<Task<T>> attempt, CancellationToken deadline)
    {
        while (true)
        {
            try
            {
                return await attempt();
            }
            catch (Xunit.Sdk.TrueException) when (!deadline.IsCancellationRequested)
            {
                await Task.Delay(50, deadline);
            }
        }
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
