using System.Text;
using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.Grains.Ingestion;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Ingestion;

/// <summary>What becomes of posts that the normalizer stumbles over, and of those beside them.</summary>
public sealed class UnreadableTests
{
    private const string Utf7 = "application/json; charset=utf-7";
    private const string Odd = "application/json; odd=1";
    private const string Json = "application/json";

    private static readonly (string, string)[] s_soon =
        [("Ingestion:DrainEvery", "00:00:00.020"), ("Ingestion:DrainGrace", "00:00:00"), ("Ingestion:ConcurrentCommits", "1")];

    [Fact]
    public async Task A_post_in_utf_7_is_a_lead_like_the_twenty_of_its_commit()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, s_soon);

        var outcomes = await CommitTogetherAsync(database, grid, Utf7);

        Assert.All(outcomes, outcome => Assert.IsType<PostOutcome.Created>(outcome));
        Assert.Equal(0, await CountAsync(database, "raw_open"));
        Assert.Equal(22, await CountAsync(database, "leads"));
    }

    [Fact]
    public async Task What_a_dead_host_left_with_a_post_in_utf_7_among_it_is_finished()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using (var grid = await TestGrid.StartAsync(database))
        {
            var raw = grid.Services.GetRequiredService<RawStore>();
            var organization = await raw.EnsureOrganizationAsync("app", "org");
            await raw.AppendAsync(Guid.NewGuid(), [Row(organization, 1, Json), Row(organization, 2, Utf7), Row(organization, 3, Json)]);
        }

        await using var next = await TestGrid.StartAsync(database, null, s_soon);
        await Eventually.FindAsync("nothing is open", () => CountAsync(database, "raw_open"), open => open == 0);
        Assert.Equal(3, await CountAsync(database, "leads"));
    }

    [Fact]
    public async Task A_replay_over_a_post_in_utf_7_ends()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        var raw = grid.Services.GetRequiredService<RawStore>();
        var organization = await raw.EnsureOrganizationAsync("app", "org");
        await raw.AppendAsync(Guid.NewGuid(), [Row(organization, 1, Json), Row(organization, 2, Utf7), Row(organization, 3, Json)]);

        var job = (Guid)(await grid.Client.PostAsync("/raw/replay", new { from = "2020-01-01T00:00:00Z" }))["id"]!;
        Assert.Equal("done", (string?)(await grid.Client.EndOfJobAsync(job))["state"]);
        Assert.Equal(3, await CountAsync(database, "leads"));
    }

    [Fact]
    public async Task A_post_that_the_normalizer_stumbles_over_waits_alone_is_set_aside_in_the_end_and_can_be_replayed()
    {
        await using var database = await TestDatabase.CreateAsync();
        var broken = true;
        Normalized Stumble(RawPost post) => broken && post.ContentType == Odd ? throw new InvalidDataException("n7@b.c") : LeadNormalizer.Normalize(post);
        await using var grid = await TestGrid.StartAsync(database, builder => builder.Services.AddSingleton(new Normalizer(Stumble)), s_soon);

        var outcomes = await CommitTogetherAsync(database, grid, Odd);
        Assert.All(outcomes, outcome => Assert.IsType<PostOutcome.Created>(outcome));
        var odd = ((PostOutcome.Created)outcomes[7]).LeadId;
        Assert.Equal(21, await CountAsync(database, "leads"));
        Assert.Equal(odd, (Guid)Assert.Single(await grid.Client.RawAsync("pending"))["id"]!);
        var keyed = (await grid.Client.PostLeadAsync("{}", "k", Odd)).MustBeCreated();
        Assert.Equal(keyed, (await grid.Client.PostLeadAsync("{}", "k", Odd)).MustBeRepeated());

        // Five attempts, without the pauses between them. A replay does not wait for them.
        var replay = await ReplayAsync(grid, new { states = new[] { "pending" } });
        Assert.Equal((3, 3), ((int)replay["done"]!, (int)replay["failed"]!));
        await Eventually.Async("nothing is open", async () =>
        {
            await database.ExecuteAsync("update raw_open set claimed_until = '-infinity'");
            return await CountAsync(database, "raw_open") == 0;
        });
        Assert.Equal(21, await CountAsync(database, "leads"));
        var failed = await grid.Client.RawAsync("failed");
        Assert.Equal((3, "fault InvalidDataException"), (failed.Count, (string?)failed[^1]["reason"]));

        broken = false;
        await ReplayAsync(grid, new { states = new[] { "failed" } });
        Assert.Equal("n7@b.c", (string?)(await grid.Client.LeadAsync(odd))["email"]);
        Assert.Equal(23, await CountAsync(database, "leads"));
    }

    private static async Task<System.Text.Json.Nodes.JsonNode> ReplayAsync(TestGrid grid, object command)
    {
        var job = await grid.Client.EndOfJobAsync((Guid)(await grid.Client.PostAsync("/raw/replay", command))["id"]!);
        Assert.Equal("done", (string?)job["state"]);
        return job;
    }

    /// <summary>A blocker, then 21 posts that wait for it and so are one commit; the seventh is of another type.</summary>
    private static async Task<PostOutcome[]> CommitTogetherAsync(TestDatabase database, TestGrid grid, string type)
    {
        var organization = await grid.Services.GetRequiredService<RawStore>().EnsureOrganizationAsync("app", "org");
        var commits = grid.Services.GetRequiredService<IngestionCommits>();
        var posts = new List<Task<PostOutcome>>();
        await using (var connection = await database.DataSource.OpenConnectionAsync())
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await using var block = new Npgsql.NpgsqlCommand("lock table raw_open in exclusive mode", connection, transaction);
            await block.ExecuteNonQueryAsync();
            posts.Add(commits.CommitAsync(organization, Post(0, Json), CancellationToken.None));
            await database.LockWaitAsync();
            for (var i = 1; i <= 21; i++)
            {
                posts.Add(commits.CommitAsync(organization, Post(i, i == 7 ? type : Json), CancellationToken.None));
            }

            await transaction.CommitAsync();
        }

        return await Task.WhenAll(posts);
    }

    private static RawPost Post(int number, string type, string? key = null)
        => new(Encoding.UTF8.GetBytes($$"""{"email":"n{{number}}@b.c"}"""), type, null, "{}"u8.ToArray(), null, "r", key);

    private static RawRow Row(long organization, int number, string type)
    {
        var id = Guid.CreateVersion7(DateTimeOffset.UtcNow.AddMinutes(-1));
        return new RawRow(organization, id, IngestionCommits.TimeOf(id), Post(number, type));
    }

    private static Task<long> CountAsync(TestDatabase database, string table) => database.ScalarAsync<long>($"select count(*) from {table}");
}
