using System.Net;
using LeadGrain.Embedded.Hosting;
using LeadGrain.Embedded.Ownership;
using LeadGrain.Tests.Gateway;
using LeadGrain.Tests.Ingestion;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Embedded;

/// <summary>Posts are kept by processes that own nothing.</summary>
public sealed class StandbyPostTests
{
    private const string Body = """{"email":"a@b.c"}""";

    private static readonly (string, string)[] s_soon = [("Ingestion:DrainEvery", "00:00:00.020"), ("Ingestion:DrainGrace", "00:00:00")];

    [Fact]
    public async Task A_standby_keeps_posts_and_tells_repeats()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var owner = await TestGrid.StartAsync(database, null, s_soon);
        await using var standby = await StandbyAsync(database);

        var plain = (await standby.Client.PostLeadAsync(Body)).MustBeCreated();
        var keyed = (await standby.Client.PostLeadAsync("""{"email":"keyed@b.c"}""", "k")).MustBeCreated();

        Assert.Equal("a@b.c", (string?)(await owner.Client.LeadAsync(plain))["email"]);
        Assert.Equal("keyed@b.c", (string?)(await owner.Client.LeadAsync(keyed))["email"]);
        Assert.Equal(keyed, (await owner.Client.PostLeadAsync(Body, "k")).MustBeRepeated());
        Assert.Equal(keyed, (await standby.Client.PostLeadAsync(Body, "k")).MustBeRepeated());
        (await standby.Client.PostLeadAsync("no lead")).MustBeRefused(400, "invalid_payload");
        (await Answer.OfAsync(await standby.Client.GetAsync(new Uri("/crm/leads", UriKind.Relative)))).MustBeProblem(503, "not_ready");
        using var stranger = new HttpClient { BaseAddress = standby.Client.BaseAddress };
        (await stranger.PostLeadAsync("{}"u8.ToArray(), headers: ("X-API-Key", "wrong"))).MustBeRefused(401, "unauthorized");
        Assert.Equal((5L, 2L), (await CountAsync(database, "leads_raw"), await CountAsync(database, "leads")));
    }

    [Fact]
    public async Task A_key_that_comes_to_two_processes_at_once_again_and_again_is_one_lead()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var owner = await TestGrid.StartAsync(database, null, s_soon);
        await using var standby = await StandbyAsync(database);

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(
            async n => (Key: n / 2 % 5, Answer: await (n % 2 == 0 ? owner : standby).Client.PostLeadAsync(Body, $"key {n / 2 % 5}"))));

        foreach (var repeats in answers.GroupBy(one => one.Key, one => one.Answer))
        {
            var created = repeats.Single(answer => answer.Status == HttpStatusCode.Created).MustBeCreated();
            Assert.All(repeats.Where(answer => answer.Status != HttpStatusCode.Created), answer => Assert.Equal(created, answer.MustBeRepeated()));
        }

        Assert.Equal((100L, 5L), (await CountAsync(database, "leads_raw"), await CountAsync(database, "leads")));
    }

    [Fact]
    public async Task A_post_that_a_standby_could_not_finish_is_drained_by_the_owner()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var owner = await TestGrid.StartAsync(database, null, s_soon);
        await using var standby = await StandbyAsync(database);
        await database.ExecuteAsync(
            """
            create function away() returns trigger language plpgsql as $$ begin raise exception 'away' using errcode = '57P03'; end $$;
            create trigger away before insert on leads for each row execute function away()
            """);

        var id = (await standby.Client.PostLeadAsync(Body)).MustBeCreated();

        Assert.Equal("pending", (string?)(await owner.Client.ReadAsync($"/raw/{id}"))["entry"]!["state"]);
        await database.ExecuteAsync("drop trigger away on leads");
        await Eventually.FindAsync("nothing is open", () => CountAsync(database, "raw_open"), open => open == 0);
        Assert.Equal("a@b.c", (string?)(await owner.Client.LeadAsync(id))["email"]);
    }

    [Fact]
    public async Task No_post_is_refused_while_a_standby_takes_over()
    {
        await using var database = await TestDatabase.CreateAsync();
        var owner = await TestGrid.StartAsync(database, null, s_soon);
        await using var standby = await StandbyAsync(database);
        var status = standby.Services.GetRequiredService<EmbeddedHostStatus>();
        var leaving = Task.CompletedTask;
        var ids = new List<Guid>();
        for (var more = 10; more > 0; more -= status.IsOwner ? 1 : 0)
        {
            ids.Add((await standby.Client.PostLeadAsync($$"""{"email":"{{ids.Count}}@b.c"}""", $"{ids.Count}")).MustBeCreated());
            if (ids.Count == 3)
            {
                leaving = owner.DisposeAsync().AsTask();
            }
        }

        await leaving;
        await Eventually.FindAsync("nothing is open", () => CountAsync(database, "raw_open"), open => open == 0);
        Assert.Equal(((long)ids.Count, (long)ids.Count), (await CountAsync(database, "leads_raw"), await CountAsync(database, "leads")));
        Assert.Equal("3@b.c", (string?)(await standby.Client.LeadAsync(ids[3]))["email"]);
    }

    [Theory]
    [InlineData(0, true)] // a single host
    [InlineData(1, true)]
    [InlineData(2, false)] // another was promoted
    public async Task Of_several_hosts_only_the_one_that_was_promoted_last_is_written_to(long latest, bool opens)
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var services = new ServiceCollection()
            .AddEmbeddedHost(options =>
            {
                options.ConnectionString = database.ConnectionString;
                options.FindHost = (connection, _) => Task.FromResult((connection, latest));
            })
            .BuildServiceProvider();
        await using var source = EmbeddedHosting.BuildUnowned(services, "test");

        if (opens)
        {
            await (await source.OpenConnectionAsync()).DisposeAsync();
        }
        else
        {
            await Assert.ThrowsAsync<FencedException>(async () => await source.OpenConnectionAsync());
        }
    }

    private static async Task<TestGrid> StandbyAsync(TestDatabase database)
    {
        var standby = await TestGrid.StartUnreadyAsync(database, null, s_soon);
        var status = standby.Services.GetRequiredService<EmbeddedHostStatus>();
        await Eventually.Async("it stands by", () => status.Word == "standby");
        return standby;
    }

    private static Task<long> CountAsync(TestDatabase database, string table) => database.ScalarAsync<long>($"select count(*) from {table}");
}
