using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.Grains.Ingestion;
using LeadGrain.Tests.Gateway;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LeadGrain.Tests.Ingestion;

public sealed class ReplayTests
{
    [Fact]
    public async Task A_replay_renews_leads_from_their_bytes_and_leaves_what_people_did()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        var client = grid.Client;
        var kept = (await client.PostLeadAsync("""{"email":"kept@b.c","x":1}""", "k")).MustBeCreated();
        (await client.PostLeadAsync("""{"email":"kept@b.c","x":1}""", "k")).MustBeRepeated();
        (await client.PostLeadAsync("[]")).MustBeRefused(400, "invalid_payload");
        var lost = (await client.PostLeadAsync("""{"email":"lost@b.c"}""")).MustBeCreated();
        using var change = new HttpRequestMessage(HttpMethod.Patch, $"/crm/leads/{kept}") { Content = JsonContent.Create(new { status = "won", notes = "mine" }) };
        (await client.SendAsync(change)).EnsureSuccessStatusCode();

        // As an earlier normalizer with a fault would have left them.
        await database.ExecuteAsync($"update leads set email = null, extra = null; delete from leads where id = '{lost}'");

        for (var time = 0; time < 2; time++)
        {
            var job = await ReplayAsync(client, new { from = "2020-01-01T00:00:00Z" });
            Assert.Equal(("done", 4, 4, 1), ((string?)job["state"], (int)job["total"]!, (int)job["done"]!, (int)job["failed"]!));
            var lead = await client.LeadAsync(kept);
            Assert.Equal(("kept@b.c", "1", "won", "mine", 2), (
                (string?)lead["email"], lead["extra"]!["x"]!.ToJsonString(), (string?)lead["status"], (string?)lead["notes"], (int)lead["version"]!));
            Assert.Equal("lost@b.c", (string?)(await client.LeadAsync(lost))["email"]);
            Assert.Equal(2, await database.ScalarAsync<long>("select count(*) from leads"));
            Assert.Equal(["duplicate", "invalid", "stored", "stored"], (await client.RawAsync()).Select(e => (string)e["state"]!).Order());
        }

        Assert.Equal(2, (await client.ReadAsync("/jobs"))["jobs"]!.AsArray().Count);
        foreach (var job in (await client.ReadAsync("/jobs"))["jobs"]!.AsArray())
        {
            Assert.All(["createdAt", "startedAt", "finishedAt"], (string time) => Assert.EndsWith("Z", job![time]!.ToJsonString().Trim('"'), StringComparison.Ordinal));
        }

        Assert.Single((await client.ReadAsync("/jobs?limit=1"))["jobs"]!.AsArray());
    }

    [Fact]
    public async Task A_replay_needs_one_connection_at_a_time()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        (await grid.Client.PostLeadAsync("""{"email":"a@b.c"}""")).MustBeCreated();
        var pool = grid.Services.GetRequiredService<NpgsqlDataSource>();
        var held = new Stack<NpgsqlConnection>();
        try
        {
            for (var left = new NpgsqlConnectionStringBuilder(pool.ConnectionString).MaxPoolSize - 1; left > 0; left--)
            {
                held.Push(await pool.OpenConnectionAsync());
            }

            Assert.Equal("done", (string?)(await ReplayAsync(grid.Client, new { from = Day(0) }))["state"]);
        }
        finally
        {
            while (held.TryPop(out var connection))
            {
                await connection.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task While_a_replay_runs_its_job_tells_how_far_it_has_come()
    {
        const int Step = 500;
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("Ingestion:DrainGrace", "01:00:00"));
        var ids = await LeaveOpenAsync(grid, [.. Enumerable.Range(0, Step + 1).Select(i => $$"""{"email":"n{{i}}@b.c"}""")]);
        await ReplayAsync(grid.Client, new { from = Day(0) });

        // The last lead is in other hands, and is waited for.
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var hold = new NpgsqlCommand($"select from leads where id = '{ids[^1]}' for update", connection, transaction);
        await hold.ExecuteNonQueryAsync();
        var id = (Guid)(await grid.Client.PostAsync("/raw/replay", new { from = Day(0) }))["id"]!;
        await database.LockWaitAsync();
        var job = await grid.Client.ReadAsync($"/jobs/{id}");
        await transaction.RollbackAsync();

        Assert.Equal(("running", Step, Step + 1), ((string?)job["state"], (int)job["done"]!, (int)job["total"]!));
        var ended = await grid.Client.EndOfJobAsync(id);
        Assert.Equal(("done", Step + 1, Step + 1), ((string?)ended["state"], (int)ended["done"]!, (int)ended["total"]!));
    }

    [Fact]
    public async Task Jobs_are_listed_page_by_page_the_newest_first()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        var started = new List<Guid>();
        for (var i = 0; i < 5; i++)
        {
            started.Add((Guid)(await grid.Client.PostAsync("/raw/replay", new { states = new[] { "failed" } }))["id"]!);
        }

        var (pages, next) = (new List<Guid[]>(), "");
        do
        {
            var page = await grid.Client.ReadAsync($"/jobs?limit=2{next}");
            pages.Add([.. page["jobs"]!.AsArray().Select(job => (Guid)job!["id"]!)]);
            next = (string?)page["next"] is { } token ? $"&next={token}" : null;
        }
        while (next is not null);

        Assert.Equal([2, 2, 1], pages.Select(page => page.Length));
        Assert.Equal(Enumerable.Reverse(started), pages.SelectMany(page => page));
    }

    [Fact]
    public async Task A_replay_passes_over_what_the_database_refuses_and_counts_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        for (var i = 0; i < 5; i++)
        {
            (await grid.Client.PostLeadAsync($$"""{"email":"n{{i}}@b.c"}""")).MustBeCreated();
        }

        await database.ExecuteAsync("delete from leads; alter table leads add constraint no check (email <> 'n2@b.c')");
        var job = await ReplayAsync(grid.Client, new { states = new[] { "pending" } });

        Assert.Equal(("done", 5, 1), ((string?)job["state"], (int)job["done"]!, (int)job["failed"]!));
        Assert.Equal(4, await database.ScalarAsync<long>("select count(*) from leads"));
    }

    [Fact]
    public async Task A_job_whose_runner_died_goes_on_with_the_next_behind_its_last_step()
    {
        await using var database = await TestDatabase.CreateAsync();
        Guid first, second, job;
        await using (var grid = await TestGrid.StartAsync(database))
        {
            first = (await grid.Client.PostLeadAsync("""{"email":"first@b.c"}""")).MustBeCreated();
            second = (await grid.Client.PostLeadAsync("""{"email":"second@b.c"}""")).MustBeCreated();
            job = (Guid)(await ReplayAsync(grid.Client, new { ids = new[] { first, second } }))["id"]!;
        }

        // As a kill in the middle leaves it.
        await database.ExecuteAsync(
            $"update leads set email = null; update jobs set state = 'running', done = 1, position = '{first}', finished_at = null, claimed_until = now()");
        await using var next = await TestGrid.StartAsync(database);

        var ended = await next.Client.EndOfJobAsync(job);
        Assert.Equal(("done", 2), ((string?)ended["state"], (int)ended["done"]!));
        Assert.Null((string?)(await next.Client.LeadAsync(first))["email"]);
        Assert.Equal("second@b.c", (string?)(await next.Client.LeadAsync(second))["email"]);
    }

    [Fact]
    public async Task A_replay_and_the_raw_log_in_every_state_keep_to_the_time_that_is_asked_for()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("Ingestion:DrainGrace", "01:00:00"));
        var ids = await LeaveOpenAsync(grid, "{}", "[]", "{}", "[]", "{}", "[]");
        foreach (var state in new[] { "", "pending" })
        {
            await grid.Client.MustBeCutAsync($"/raw?state={state}", "entries", "receivedAt");
        }

        var settled = new List<Guid>();
        foreach (var (first, command) in new (int First, object Command)[]
        {
            (2, new { from = Day(2), to = Day(4) }), (0, new { to = Day(2), ids }), (4, new { from = Day(4), ids }),
        })
        {
            var job = await ReplayAsync(grid.Client, command);
            settled.AddRange(ids[first..(first + 2)]);

            Assert.Equal(("done", 2, 2, 1), ((string?)job["state"], (int)job["total"]!, (int)job["done"]!, (int)job["failed"]!));
            Assert.Equal(ids.Except(settled).Reverse(), (await grid.Client.RawAsync("pending")).Select(entry => (Guid)entry["id"]!));
        }

        foreach (var state in new[] { "", "stored", "invalid" })
        {
            await grid.Client.MustBeCutAsync($"/raw?state={state}", "entries", "receivedAt");
        }
    }

    [Fact]
    public async Task The_raw_log_is_masked_unless_asked_otherwise_and_listed_in_pages()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        var id = (await grid.Client.PostLeadAsync("""{"email":"secret@b.c","deep":{"phone":["+371 by phone"]},"a@b.c":1}""")).MustBeCreated();
        var masked = (await grid.Client.ReadAsync($"/raw/{id}")).ToJsonString();
        Assert.DoesNotContain("secret", masked, StringComparison.Ordinal);
        Assert.DoesNotContain("by phone", masked, StringComparison.Ordinal);
        Assert.DoesNotContain("@", masked, StringComparison.Ordinal);
        Assert.Equal("""{"email":"***","deep":{"phone":["***"]},"***":"***"}""", JsonNode.Parse(masked)!["body"]!.ToJsonString());

        for (var i = 0; i < 9; i++)
        {
            await grid.Client.PostLeadAsync(i % 3 == 0 ? "[]" : "{}");
        }

        foreach (var (state, count) in new[] { ("", 10), ("stored", 7), ("invalid", 3), ("pending", 0) })
        {
            var (ids, next) = (new List<Guid>(), "");
            do
            {
                var page = await grid.Client.ReadAsync($"/raw?limit=2&state={state}{next}");
                ids.AddRange(page["entries"]!.AsArray().Select(entry => (Guid)entry!["id"]!));
                next = (string?)page["next"] is { } token ? $"&next={token}" : null;
            }
            while (next is not null);
            Assert.Equal((state, count), (state, ids.Distinct().Count()));
            Assert.Equal(ids.OrderByDescending(found => found.ToString(), StringComparer.Ordinal), ids);
        }

        (await Answer.OfAsync(await grid.Client.GetAsync("/raw?state=x"))).MustBeProblem(400, "invalid_parameter", "state");
        (await Answer.OfAsync(await grid.Client.GetAsync("/raw/x"))).MustBeProblem(400, "invalid_parameter", "id");
        (await Answer.OfAsync(await grid.Client.PostAsJsonAsync("/raw/replay", new { }))).MustBeProblem(400, "missing_member", "from");
        foreach (var from in (string[])["x", "10:00", "03/04/2024", "2024-13-01"])
        {
            (await Answer.OfAsync(await grid.Client.PostAsJsonAsync("/raw/replay", new { from }))).MustBeProblem(400, "invalid_member", "from");
        }

        (await Answer.OfAsync(await grid.Client.GetAsync($"/jobs/{Guid.NewGuid()}"))).MustBeProblem(404, "not_found");
    }

    private static DateTimeOffset Day(int number) => new DateTimeOffset(2020, 2, 3, 4, 5, 6, TimeSpan.Zero).AddDays(number);

    /// <summary>Posts that came on days one after another, and that nothing has been made of.</summary>
    private static async Task<Guid[]> LeaveOpenAsync(TestGrid grid, params string[] bodies)
    {
        var raw = grid.Services.GetRequiredService<RawStore>();
        var organization = await raw.EnsureOrganizationAsync("app", "org");
        var ids = bodies.Select((_, day) => Guid.CreateVersion7(Day(day))).ToArray();
        await raw.AppendAsync(Guid.NewGuid(), [.. ids.Zip(bodies, (id, body) => new RawRow(
            organization, id, IngestionCommits.TimeOf(id), new RawPost(System.Text.Encoding.UTF8.GetBytes(body), null, null, "{}"u8.ToArray(), null, "r", null)))]);
        return ids;
    }

    private static async Task<JsonNode> ReplayAsync(HttpClient client, object command)
        => await client.EndOfJobAsync((Guid)(await client.PostAsync("/raw/replay", command))["id"]!);
}
