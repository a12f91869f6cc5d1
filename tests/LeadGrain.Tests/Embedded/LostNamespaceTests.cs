using System.Net;
using LeadGrain.Embedded.Runtime;
using LeadGrain.Grains.Buffer;
using LeadGrain.Tests.Buffer;
using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Metrics;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace LeadGrain.Tests.Embedded;

/// <summary>Namespaces whose host loses the database.</summary>
public sealed class LostNamespaceTests
{
    private const string EndOwner =
        """
        select pg_terminate_backend(pid) from pg_locks
        where locktype = 'advisory' and granted
          and database = (select oid from pg_database where datname = current_database())
        """;

    [Fact]
    public async Task What_they_took_of_the_process_is_given_back()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        using var active = new LiveCount(grid, "leadgrain.buffer.active_namespaces");
        foreach (var name in new[] { "a", "b", "c" })
        {
            await grid.Client.PushAsync(name, "a@x.example", "b@x.example");
            await grid.Client.NextAsync(name);
        }

        var budget = grid.Services.GetRequiredService<ServedSetBudget>();
        var whole = grid.Services.GetRequiredService<IOptions<BufferOptions>>().Value.ServedSetBytes / sizeof(ulong);
        Assert.False(budget.TryTake(whole));
        var waiting = grid.Services.GetRequiredService<WaitingBudget>();
        var room = grid.Services.GetRequiredService<IOptions<BufferOptions>>().Value.WaitingBytes;
        Assert.InRange(waiting.Left, room - 1_000, room - 3);
        await active.BecomeAsync(3);

        await database.DataSource.CreateCommand(EndOwner).ExecuteNonQueryAsync();
        await active.BecomeAsync(0);

        Assert.True(budget.TryTake(whole));
        Assert.False(budget.TryTake(1));
        Assert.Equal(room, waiting.Left);
    }

    [Fact]
    public async Task Pulls_that_wait_for_a_lead_end_at_once_and_do_not_hold_up_the_next_ownership()
    {
        await using var database = await TestDatabase.CreateAsync();
        var time = new FakeTime();
        var running = time.Run();
        try
        {
            await using var grid = await LeaseGrid.StartAsync(database, time);
            using var waiters = new WaitingPulls(grid);
            var waiting = Enumerable.Range(0, 20).Select(_ => PullAsync(grid.Client, waitSeconds: 30)).ToList();
            await waiters.BecomeAsync(20);

            // As the owner's loop does. The clock stands meanwhile: left alone, pulls would wait for ever.
            running.Dispose();
            await grid.Services.GetRequiredService<GrainCatalog>().CutOff().WaitAsync(CellHost.Deadline);
            running = time.Run();

            Assert.All(await Task.WhenAll(waiting), status => Assert.Equal(HttpStatusCode.ServiceUnavailable, status));
        }
        finally
        {
            running.Dispose();
        }
    }

    [Fact]
    public async Task A_pull_whose_lead_turns_out_to_be_served_after_its_activation_has_ended_is_answered()
    {
        await using var database = await TestDatabase.CreateAsync();

        // Without a served set the commit tells of a duplicate.
        await using var grid = await TestGrid.StartAsync(database, null, ("SERVED_SET_BYTES", "0"));
        await grid.Client.PushAsync("ns", "a@x.example", "a@x.example");
        Assert.Equal("a@x.example", await grid.Client.NextAsync("ns"));

        await using var connection = await database.DataSource.OpenConnectionAsync();
        var transaction = await connection.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("lock table served_leads in exclusive mode", connection))
        {
            await hold.ExecuteNonQueryAsync();
        }

        var pull = PullAsync(grid.Client, waitSeconds: 0);
        await using var blocked = database.DataSource.CreateCommand("select count(*) from pg_locks where not granted and relation = 'served_leads'::regclass");
        await Eventually.Async("the pull's commit is under way", async () => await blocked.ExecuteScalarAsync() is > 0L);
        var cutOff = grid.Services.GetRequiredService<GrainCatalog>().CutOff();
        await transaction.RollbackAsync();

        await cutOff.WaitAsync(CellHost.Deadline);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await pull);
    }

    private static async Task<HttpStatusCode> PullAsync(HttpClient client, int waitSeconds)
    {
        using var content = new StringContent($$"""{"namespace":"ns","waitSeconds":{{waitSeconds}}}""", null, "application/json");
        using var answer = await client.PostAsync(new Uri("/buffer/next", UriKind.Relative), content);
        return answer.StatusCode;
    }
}
