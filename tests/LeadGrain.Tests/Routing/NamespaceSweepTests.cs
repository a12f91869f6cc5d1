using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Routing;

public sealed class NamespaceSweepTests
{
    // A reminder of Orleans comes once a minute at most.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task A_lead_whose_process_died_before_its_namespace_had_it_is_brought_there_by_the_next_process()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using (var first = await StartAsync(database))
        {
            await first.Client.AddRuleAsync(new { target = new { @namespace = "own" } });
            await first.Client.PostAsync("/api/ingest?wait=10", new { email = "arrived@acme.example" });
        }

        // As its commit has left it, a minute ago.
        await using (var died = database.DataSource.CreateCommand(
            """
            insert into routed_leads (
                id, organization_id, email, email_key, data, source, health, health_score, checks, status, rule_id, namespace, created_at, updated_at)
            select $1, organization_id, 'left@acme.example', 'left@acme.example', '{"email":"left@acme.example"}', source, health, health_score,
                checks, 'HELD', rule_id, namespace, now(), now()
            from routed_leads
            """))
        {
            died.Parameters.AddWithValue(Guid.CreateVersion7(DateTimeOffset.UtcNow.AddMinutes(-1)));
            Assert.Equal(1, await died.ExecuteNonQueryAsync());
        }

        await using var second = await StartAsync(database);
        using var deadline = new CancellationTokenSource(s_patience);
        while (await CountAsync(database, "ACTIVE") < 2)
        {
            deadline.Token.ThrowIfCancellationRequested();
        }

        Assert.Equal(["arrived@acme.example", "left@acme.example"], await second.Client.DrainAsync("own"));
        Assert.Equal(2, (await second.Client.ActionsAsync()).Count(action => action == "pushed_to_namespace"));
    }

    private static Task<TestGrid> StartAsync(TestDatabase database)
        => TestGrid.StartAsync(database, null, ("Routing:NamespaceRetryAfter", "00:00:01"));

    private static async Task<long> CountAsync(TestDatabase database, string status)
    {
        await using var command = database.DataSource.CreateCommand("select count(*) from routed_leads where status = $1");
        command.Parameters.AddWithValue(status);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
