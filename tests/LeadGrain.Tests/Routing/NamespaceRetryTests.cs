using LeadGrain.Grains.Routing;
using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Routing;

public sealed class NamespaceRetryTests : IDisposable
{
    private readonly FakeTime _time = new();
    private readonly IDisposable _running;

    public NamespaceRetryTests() => _running = _time.Run();

    public void Dispose() => _running.Dispose();

    [Fact]
    public async Task A_lead_that_its_namespace_does_not_take_is_dead_after_the_last_attempt_and_lives_again_when_asked()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await StartAsync(database, _time);
        await grid.Client.AddRuleAsync(new { target = new { @namespace = "own" } });
        await BreakAsync(database);

        var id = (string)(await grid.Client.IngestAsync(new { email = "jane@acme.example" }))["leadId"]!;
        await UntilAsync(database, "select status = 'DEAD' and namespace_attempts = 2 from routed_leads");
        Assert.Equal(
            """{"status":"HELD"} {"status":"DEAD","namespace":"own","error":"the namespace failed: the last attempt"}""", await LastAuditAsync());

        Assert.Equal(2, (await grid.Client.ActionsAsync(id)).Count(action => action == "push_failed"));

        await AskAsync();
        await UntilAsync(database, "select status = 'DEAD' from routed_leads"); // by all of its attempts anew
        Assert.Equal(4, (await grid.Client.ActionsAsync(id)).Count(action => action == "push_failed"));

        await database.ExecuteAsync("drop trigger refuse on lead_batches");
        await AskAsync();
        await UntilAsync(database, "select status = 'ACTIVE' from routed_leads");
        Assert.Equal("""{"status":"HELD"} {"status":"ACTIVE","namespace":"own"}""", await LastAuditAsync());
        Assert.Equal(["jane@acme.example"], await grid.Client.DrainAsync("own"));

        async Task AskAsync()
        {
            var asked = await grid.Client.PostAsync("/routing/leads/route", new { leadIds = new[] { id } });
            Assert.Equal((1, 0), ((int)asked["routed"]!, (int)asked["notHeld"]!));
        }

        Task<string> LastAuditAsync() => database.ScalarAsync<string>(
            "select before::text || ' ' || after::text from audit_log where entity = 'lead' order by id desc limit 1");
    }

    [Fact]
    public async Task A_lead_that_lives_again_is_brought_also_where_no_rule_feeds_namespaces_any_more()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await StartAsync(database, _time, attempts: 1_000);
        var rule = await grid.Client.AddRuleAsync(new { target = new { @namespace = "own" } });
        await BreakAsync(database);
        var id = (string)(await grid.Client.IngestAsync(new { email = "jane@acme.example" }))["leadId"]!;
        await grid.Client.PostAsync("/suppressions", new { emails = new[] { "jane@acme.example" } });
        await UntilAsync(database, "select status = 'DEAD' from routed_leads");
        await grid.Client.SendAsync(HttpMethod.Delete, $"/routing/rules/{rule}");
        await UntilAsync(database, "select not exists (select from embedded_reminders where name = 'namespaces')");

        await grid.Client.SendAsync(HttpMethod.Delete, "/suppressions", """{"emails":["jane@acme.example"]}""");
        await grid.Client.PostAsync("/routing/leads/route", new { leadIds = new[] { id } });
        await UntilAsync(database, "select status = 'HELD' and namespace_attempts > 0 from routed_leads");
        await database.ExecuteAsync("drop trigger refuse on lead_batches");

        await UntilAsync(database, "select status = 'ACTIVE' from routed_leads");
        Assert.Equal(["jane@acme.example"], await grid.Client.DrainAsync("own"));
    }

    [Fact]
    public async Task A_namespace_that_does_not_answer_holds_neither_rules_nor_other_leads_up()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await StartAsync(database, _time);
        await grid.Client.AddRuleAsync(new { persona = "A", target = new { @namespace = "own" } });
        await grid.Client.IngestAsync(new { email = "first@acme.example", persona = "A" });
        await UntilAsync(database, "select status = 'ACTIVE' from routed_leads");
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var holding = await connection.BeginTransactionAsync();
        await using (var hold = new Npgsql.NpgsqlCommand("select from namespaces for update", connection, holding))
        {
            await hold.ExecuteNonQueryAsync();
        }

        for (var n = 0; n < 5; n++)
        {
            await grid.Client.IngestAsync(new { email = $"{n}@acme.example", persona = "A" });
        }

        await database.ExecuteAsync("update routed_leads set namespace_due_at = now() where status = 'HELD'");
        await UntilAsync(database, "select count(*) > 0 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()");
        await grid.Client.AddRuleAsync(new { persona = "B", target = new { campaign = "1" } }).WaitAsync(Eventually.Patience);
        Assert.Equal("1", (string)(await grid.Client.IngestAsync(new { email = "b@acme.example", persona = "B" }))["assignedCampaignId"]!);

        await holding.CommitAsync();
        await UntilAsync(database, "select count(*) = 6 from routed_leads where status = 'ACTIVE'");
        Assert.Equal(6, (await grid.Client.DrainAsync("own")).Count);
    }

    [Fact]
    public async Task A_lead_waits_for_a_namespace_that_is_away_for_longer_than_it_has_attempts()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await StartAsync(database, _time);
        await grid.Client.AddRuleAsync(new { target = new { @namespace = "own" } });
        await BreakAsync(database, sqlState: "57P03");

        await grid.Client.IngestAsync(new { email = "jane@acme.example" });
        await UntilAsync(database, "select namespace_attempts > 3 or status = 'DEAD' from routed_leads");
        Assert.Equal("HELD", await database.ScalarAsync<string>("select status from routed_leads"));

        await database.ExecuteAsync("drop trigger refuse on lead_batches");
        await UntilAsync(database, "select status = 'ACTIVE' from routed_leads");
        Assert.Equal(["jane@acme.example"], await grid.Client.DrainAsync("own"));
    }

    [Fact]
    public void The_wait_doubles_up_to_the_longest_and_is_never_less_than_half_of_it()
    {
        var options = new RoutingOptions { NamespaceRetryAfter = TimeSpan.FromSeconds(30), NamespaceRetryLongest = TimeSpan.FromHours(1) };

        Assert.Equal([15, 30, 60, 120], Enumerable.Range(1, 4).Select(n => (int)NamespaceBackOff.Of(n, options, 0).TotalSeconds));
        Assert.Equal(TimeSpan.FromSeconds(30), NamespaceBackOff.Of(1, options, 1));
        Assert.Equal(TimeSpan.FromHours(1), NamespaceBackOff.Of(1_000_000, options, 1));
    }

    private static Task<TestGrid> StartAsync(TestDatabase database, FakeTime time, int attempts = 2) => LeaseGrid.StartAsync(
        database,
        time,
        ("Routing:NamespaceRetryAfter", "00:00:01"),
        ("Routing:NamespaceRetryLongest", "00:00:01"),
        ("Routing:NamespaceAttempts", $"{attempts}"));

    private static async Task BreakAsync(TestDatabase database, string sqlState = "P0001") => await database.ExecuteAsync(
        $"""
        create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not here' using errcode = '{sqlState}'; end $$;
        create trigger refuse before insert on lead_batches for each row execute function refuse();
        """);

    // Reminders come each minute of a clock that is put forward; what they start runs on its own.
    private async Task UntilAsync(TestDatabase database, string sql) => await Eventually.Async(
        $"this is so: {sql}",
        async () => await database.ScalarAsync<bool?>(sql) is true,
        between: () => _time.Advance(TimeSpan.FromSeconds(3)),
        found: () => database.ScalarAsync<string>(
            "select coalesce(string_agg(concat_ws(' ', email, status, namespace_attempts, namespace_due_at), ', '), 'no lead') from routed_leads"));
}
