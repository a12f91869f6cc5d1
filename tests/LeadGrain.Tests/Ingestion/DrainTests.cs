using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.Grains.Ingestion;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Tests.Ingestion;

public sealed class DrainTests
{
    // Refuses leads of this email, as a broken constraint would.
    private const string Poison =
        """
        create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no' using errcode = '{0}'; end $$;
        create trigger refuse before insert on leads for each row when (new.email = 'poison@b.c') execute function refuse()
        """;

    private static readonly (string, string)[] s_soon = [("Ingestion:DrainEvery", "00:00:00.020"), ("Ingestion:DrainGrace", "00:00:00")];

    [Theory]
    [InlineData("57P03")] // away
    [InlineData("P0001")] // refused
    public async Task A_post_whose_lead_cannot_be_made_is_answered_and_made_later_under_the_same_id(string sqlState)
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, s_soon);
        await database.ExecuteAsync(Poison.Replace("{0}", sqlState, StringComparison.Ordinal));

        var first = (await grid.Client.PostLeadAsync("""{"email":"poison@b.c"}""", "k")).MustBeCreated();
        Assert.Equal("pending", (string?)(await grid.Client.ReadAsync($"/raw/{first}"))["entry"]!["state"]);
        var repeated = await grid.Client.PostLeadAsync("""{"email":"poison@b.c"}""", "k");
        Assert.Equal(first, repeated.MustBeRepeated());
        Assert.Contains((await grid.Client.RawAsync("pending")), entry => (Guid)entry["id"]! == first);

        await database.ExecuteAsync("drop trigger refuse on leads; update raw_open set claimed_until = '-infinity'");
        await Eventually.FindAsync("nothing is open", () => CountAsync(database, "raw_open"), open => open == 0);
        Assert.Equal("poison@b.c", (string?)(await grid.Client.LeadAsync(first))["email"]);
        Assert.Equal(1, await CountAsync(database, "leads"));
        Assert.Equal(first, (await grid.Client.PostLeadAsync("""{"email":"poison@b.c"}""", "k")).MustBeRepeated());
    }

    [Fact]
    public async Task A_post_whose_lead_takes_long_to_make_is_answered_meanwhile_and_made_under_that_id()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, [("Ingestion:LeadWait", "00:00:00.200"), .. s_soon]);
        (await grid.Client.PostLeadAsync("""{"email":"first@b.c"}""")).MustBeCreated();
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var hold = new Npgsql.NpgsqlCommand("lock table leads in access exclusive mode", connection);
        await hold.ExecuteNonQueryAsync();

        var keyed = (await grid.Client.PostLeadAsync("""{"email":"slow@b.c"}""", "k")).MustBeCreated();
        var plain = (await grid.Client.PostLeadAsync("""{"email":"plain@b.c"}""")).MustBeCreated();
        for (var n = 0; n < 20; n++)
        {
            (await grid.Client.PostLeadAsync($$"""{"email":"{{n}}@b.c"}""")).MustBeCreated();
        }

        // Who follows waits for nothing: beside the first one, the drain at most.
        Assert.InRange(await database.ScalarAsync<long>("select count(*) from pg_locks where relation = 'leads'::regclass and not granted"), 1, 2);
        await transaction.RollbackAsync();

        await Eventually.FindAsync("nothing is open", () => CountAsync(database, "raw_open"), open => open == 0);
        Assert.Equal("slow@b.c", (string?)(await grid.Client.LeadAsync(keyed))["email"]);
        Assert.Equal("plain@b.c", (string?)(await grid.Client.LeadAsync(plain))["email"]);
        Assert.Equal(23, await CountAsync(database, "leads"));
        Assert.Equal(keyed, (await grid.Client.PostLeadAsync("""{"email":"slow@b.c"}""", "k")).MustBeRepeated());
    }

    [Fact]
    public async Task What_a_dead_host_left_is_finished_by_the_next_with_repeats_told_from_leads()
    {
        await using var database = await TestDatabase.CreateAsync();
        Guid[] ids;
        await using (var grid = await TestGrid.StartAsync(database))
        {
            var raw = grid.Services.GetRequiredService<RawStore>();
            var organization = await raw.EnsureOrganizationAsync("app", "org");
            RawRow[] rows =
            [
                Row(organization, """{"email":"one@b.c"}""", "k"),
                Row(organization, """{"email":"one@b.c"}""", "k"),
                Row(organization, """{"email":"two@b.c"}""", "k"),
                Row(organization, "[]", null),
                Row(organization, """{"email":"three@b.c"}""", null),
            ];
            ids = [.. rows.Select(row => row.Id)];
            await raw.AppendAsync(Guid.NewGuid(), rows);
        }

        await using var next = await TestGrid.StartAsync(database, null, s_soon);
        await Eventually.FindAsync("nothing is open", () => CountAsync(database, "raw_open"), open => open == 0);

        var states = (await next.Client.RawAsync()).ToDictionary(entry => (Guid)entry["id"]!, entry => (string)entry["state"]!);
        Assert.Equal(["stored", "duplicate", "conflict", "invalid", "stored"], ids.Select(id => states[id]));
        Assert.Equal(2, await CountAsync(database, "leads"));
    }

    [Fact]
    public async Task Of_an_unfinished_list_the_lead_that_stands_stays_and_the_missing_one_is_made()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, s_soon);
        var stands = (await grid.Client.PostLeadAsync("""{"email":"stands@b.c"}""")).MustBeCreated();
        var missing = (await grid.Client.PostLeadAsync("""{"email":"missing@b.c"}""")).MustBeCreated();

        await database.ExecuteAsync(
            $"""
            delete from leads where id = '{missing}';
            update leads set status = 'won' where id = '{stands}';
            insert into raw_open (id, organization_ids, raw_ids)
            select gen_random_uuid(), array_agg(organization_id order by id), array_agg(id order by id) from leads_raw
            """);
        await Eventually.FindAsync("nothing is open", () => CountAsync(database, "raw_open"), open => open == 0);

        Assert.Equal("won", (string?)(await grid.Client.LeadAsync(stands))["status"]);
        Assert.Equal("missing@b.c", (string?)(await grid.Client.LeadAsync(missing))["email"]);
        Assert.Equal(2, await CountAsync(database, "leads"));
    }

    [Fact]
    public async Task A_row_that_the_database_always_refuses_is_set_aside_and_holds_nothing_up_and_can_be_replayed()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, s_soon);
        await database.ExecuteAsync(Poison.Replace("{0}", "P0001", StringComparison.Ordinal));
        var posts = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(n => grid.Client.PostLeadAsync($$"""{"email":"{{(n == 7 ? "poison" : $"n{n}")}}@b.c"}""")));
        var poison = posts[7].MustBeCreated();

        await Eventually.Async("nothing is open", async () =>
        {
            await database.ExecuteAsync("update raw_open set claimed_until = '-infinity'");
            return await CountAsync(database, "raw_open") == 0;
        });

        Assert.Equal(19, await CountAsync(database, "leads"));
        var failed = (await grid.Client.RawAsync("failed")).Single();
        Assert.Equal((poison, "sqlstate P0001"), ((Guid)failed["id"]!, (string?)failed["reason"]));

        await database.ExecuteAsync("drop trigger refuse on leads");
        var job = await grid.Client.PostAsync("/raw/replay", new { states = new[] { "failed" } });
        Assert.Equal("done", (string?)(await grid.Client.EndOfJobAsync((Guid)job["id"]!))["state"]);
        Assert.Equal("stored", (string?)(await grid.Client.ReadAsync($"/raw/{poison}"))["entry"]!["state"]);
        Assert.Equal("poison@b.c", (string?)(await grid.Client.LeadAsync(poison))["email"]);
    }

    [Fact]
    public async Task The_log_tells_where_the_database_refused_a_lead_and_nothing_of_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var log = new LogEntries();
        await using var grid = await TestGrid.StartAsync(database, builder => builder.Logging.AddProvider(log));
        await database.ExecuteAsync("alter table leads add constraint no_poison check (email <> 's3cret@b.c')");

        (await grid.Client.PostLeadAsync("""{"email":"s3cret@b.c"}""")).MustBeCreated();

        var line = Assert.Single(log.All, entry => entry.Fields.ContainsKey("Constraint"));
        Assert.Equal(("sqlstate 23514", "leads", null, "no_poison"), (line.Fields["Reason"], line.Fields["Table"], line.Fields["Column"], line.Fields["Constraint"]));
        Assert.All(log.All, entry => Assert.DoesNotContain("s3cret", entry.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Posts_are_refused_with_503_where_the_raw_log_cannot_be_written()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        (await grid.Client.PostLeadAsync("{}")).MustBeCreated();
        await database.ExecuteAsync(
            """
            create function away() returns trigger language plpgsql as $$ begin raise exception 'away' using errcode = '57P03'; end $$;
            create trigger away before insert on raw_open for each row execute function away()
            """);

        var refused = await grid.Client.PostLeadAsync("{}", "k");
        refused.MustBeRefused(503, "unavailable");
        Assert.NotNull(refused.Headers.RetryAfter);
        await database.ExecuteAsync("drop trigger away on raw_open");
        (await grid.Client.PostLeadAsync("{}", "k")).MustBeCreated();
        await database.ExecuteAsync("alter table raw_open rename to hidden");
        (await grid.Client.PostLeadAsync("{}")).MustBeRefused(500, "internal_error");
    }

    [Fact]
    public async Task Partitions_are_made_ahead_dropped_by_retention_and_never_missed()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        var raw = grid.Services.GetRequiredService<RawStore>();
        var partitions = grid.Services.GetRequiredService<PartitionStore>();
        var organization = await raw.EnsureOrganizationAsync("app", "org");
        var old = new DateTimeOffset(2020, 2, 3, 4, 5, 6, TimeSpan.Zero);
        var row = Row(organization, """{"email":"old@b.c"}""", null, old);
        await raw.AppendAsync(Guid.NewGuid(), [row]);
        Assert.Equal(1, await CountAsync(database, "leads_raw_default"));

        await partitions.MakeAsync(old, 1);
        Assert.Equal(0, await CountAsync(database, "leads_raw_default"));
        Assert.Equal(1, await CountAsync(database, "leads_raw_20200203"));
        Assert.Equal("pending", (string?)(await grid.Client.ReadAsync($"/raw/{row.Id}"))["entry"]!["state"]);

        // Unfinished: kept whatever the retention says.
        await database.ExecuteAsync("update raw_open set opened_at = '2020-02-03'");
        await partitions.DropAsync(old.AddDays(10), 5);
        Assert.Equal(1, await CountAsync(database, "leads_raw_20200203"));
        await database.ExecuteAsync("delete from raw_open");
        await partitions.DropAsync(old.AddDays(5), 5);
        Assert.Equal(1, await CountAsync(database, "leads_raw_20200203"));
        await partitions.DropAsync(old.AddDays(6), 5);
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from pg_class where relname = 'leads_raw_20200203'"));
    }

    private static RawRow Row(long organization, string body, string? key, DateTimeOffset? at = null)
    {
        var id = Guid.CreateVersion7(at ?? DateTimeOffset.UtcNow);
        return new RawRow(
            organization, id, IngestionCommits.TimeOf(id), new RawPost(System.Text.Encoding.UTF8.GetBytes(body), null, null, "{}"u8.ToArray(), null, "r", key));
    }

    private static Task<long> CountAsync(TestDatabase database, string table) => database.ScalarAsync<long>($"select count(*) from {table}");
}
