using LeadGrain.Grains;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LeadGrain.Tests.Ingestion;

/// <summary>Posts beside a database that stands still, or whose other work takes all that there is for it.</summary>
public sealed class GivenUpPostTests
{
    [Fact]
    public async Task A_post_that_is_given_up_while_it_waits_for_a_commit_is_not_written_later()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("Ingestion:CommitWait", "00:00:02"));
        await Eventually.FindAsync("posts are taken", () => PostAsync(grid, "before"), IsCreated);
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var hold = new NpgsqlCommand("lock table raw_open in exclusive mode", connection);
        await hold.ExecuteNonQueryAsync();

        // By its grain's lane, and then by this process's own where it has one.
        var taken = PostAsync(grid, "taken");
        await database.LockWaitAsync(grid.Services.GetKeyedService<NpgsqlDataSource>(GrainsSetup.KeeperSource) is null ? 1 : 2);
        var waiting = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => PostAsync(grid, $"waiting{n}")));
        (await taken).MustBeRefused(503, "unavailable");
        Assert.All(waiting, answer => answer.MustBeRefused(503, "unavailable"));
        await transaction.RollbackAsync();

        // A lane goes in order: what waited before this one would be written by then.
        await Eventually.FindAsync("posts are taken again", () => PostAsync(grid, "behind"), IsCreated);
        await Eventually.FindAsync("nothing is open", () => database.ScalarAsync<long>("select count(*) from raw_open"), open => open == 0);
        var emails = await database.ScalarAsync<string[]>("select array_agg(distinct email order by email) from leads");
        Assert.Equal(["before", "behind", "taken"], emails.Select(email => email.Split('@')[0]));
    }

    [Fact]
    public async Task A_repeat_is_told_while_all_connections_but_those_of_commits_are_held()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        var first = (await PostAsync(grid, "a", "k")).MustBeCreated();
        var pool = grid.Services.GetRequiredService<NpgsqlDataSource>();
        var held = new List<NpgsqlConnection>();
        try
        {
            for (var left = new NpgsqlConnectionStringBuilder(pool.ConnectionString).MaxPoolSize; left > 0; left--)
            {
                held.Add(await pool.OpenConnectionAsync());
            }

            Assert.Equal(first, (await PostAsync(grid, "a", "k")).MustBeRepeated());
            Assert.Equal(first, (await PostAsync(grid, "b", "k")).MustBeRepeated());
        }
        finally
        {
            foreach (var connection in held)
            {
                await connection.DisposeAsync();
            }
        }
    }

    private static bool IsCreated(Gateway.Answer answer) => answer.Status == System.Net.HttpStatusCode.Created;

    private static Task<Gateway.Answer> PostAsync(TestGrid grid, string name, string? key = null)
        => grid.Client.PostLeadAsync($$"""{"email":"{{name}}@b.c"}""", key);
}
