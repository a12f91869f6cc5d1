using System.Text.Json.Nodes;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Buffer;

public sealed class LongPollTests(LeaseGrid shared) : IClassFixture<LeaseGrid>
{
    private HttpClient Client => shared.Client;

    [Fact]
    public async Task Waiting_pulls_are_answered_by_a_push_each_with_a_lead_of_its_own()
    {
        var waiting = await WaitersAsync(shared.Grid, "push", 50);
        var emails = Enumerable.Range(0, 50).Select(n => $"lead{n}@x.example").ToArray();

        await Client.PushAsync("push", emails[..20]);
        await Client.PushAsync("push", emails[20..]);

        Assert.Equal(emails.Order(), (await Task.WhenAll(waiting)).Select(answer => (string)answer["lead"]!["email"]!).Order());
        Assert.Equal((0, 50, 0), await Client.CountsAsync("push"));
    }

    [Fact]
    public async Task A_waiting_pull_is_answered_when_a_lease_ends()
    {
        await Client.PushAsync("expiry", "a@x.example");
        await Client.LeaseAsync("expiry", seconds: 5);
        var waiting = await WaitersAsync(shared.Grid, "expiry", 1);

        shared.Time.Advance(TimeSpan.FromSeconds(6));

        Assert.Equal("a@x.example", (string)(await waiting[0])["lead"]!["email"]!);
    }

    [Fact]
    public async Task A_waiting_pull_is_answered_when_a_lead_is_given_back()
    {
        await Client.PushAsync("nack", "a@x.example");
        var leased = await Client.LeaseAsync("nack");
        var waiting = await WaitersAsync(shared.Grid, "nack", 1);

        await Client.NackAsync("nack", 0, leased);

        Assert.Equal("a@x.example", (string)(await waiting[0])["lead"]!["email"]!);
    }

    [Fact]
    public async Task A_pull_waits_as_long_as_it_said_and_not_longer()
    {
        var start = shared.Time.GetUtcNow();
        var waiting = await WaitersAsync(shared.Grid, "deadline", 1, seconds: 25);

        await Eventually.Async("the pull is answered", () => waiting[0].IsCompleted, between: () => shared.Time.Advance(TimeSpan.FromSeconds(0.5)));

        Assert.Equal("""{"found":false}""", (await waiting[0]).ToJsonString());
        Assert.True(shared.Time.GetUtcNow() - start >= TimeSpan.FromSeconds(25));
        Assert.Equal((1, 0), await Client.PushAsync("deadline", "a@x.example"));
        Assert.Equal("a@x.example", await Client.NextAsync("deadline"));
    }

    [Fact]
    public async Task A_caller_that_goes_away_while_it_waits_takes_no_lead()
    {
        using var waiters = new WaitingPulls(shared.Grid);
        using var away = new CancellationTokenSource();
        using var content = new StringContent("""{"namespace":"away","waitSeconds":30}""", null, "application/json");
        var waiting = Client.PostAsync(new Uri("/buffer/next", UriKind.Relative), content, away.Token);
        await waiters.BecomeAsync(1);

        await away.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await waiters.BecomeAsync(0);
        await Client.PushAsync("away", "a@x.example");

        Assert.Equal("a@x.example", await Client.NextAsync("away"));
    }

    [Fact]
    public async Task A_pause_ends_the_waiting()
    {
        await Client.PushAsync("pause", "a@x.example");
        await Client.NextAsync("pause");
        var waiting = await WaitersAsync(shared.Grid, "pause", 5);

        await Client.PostAsync("/namespaces/pause/pause", new { });

        Assert.All(await Task.WhenAll(waiting), answer => Assert.Equal("""{"found":false,"paused":true}""", answer.ToJsonString()));
    }

    [Fact]
    public async Task A_pull_does_not_come_to_wait_in_a_namespace_that_is_paused_while_it_reads_on()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await LeaseGrid.StartAsync(database, shared.Time, ("Buffer:WindowLeads", "1"));
        await grid.Client.PushAsync("ns", ("a@x.example", 0), ("b@x.example", 1));
        Assert.Equal(["b@x.example", "a@x.example"], await grid.Client.NextAsync("ns", 2));
        var grain = grid.Services.GetRequiredService<IGrainFactory>()
            .GetGrain<INamespaceGrain>(new NamespaceKey(new Tenant("app", "org"), "ns").GrainKey);

        // Behind the window there is nothing but the lead with a priority, which had its turn.
        Task<Keyed<PullOutcome>>? pull = null;
        await PauseInReadAsync(database, grid, () => pull = grain.NextAsync(new PullCommand(Wait: PullCommand.MaxWait), default));

        Assert.IsType<PullOutcome.Paused>((await pull!).Outcome);
    }

    [Fact]
    public async Task A_pause_while_leads_are_read_for_those_who_wait_ends_their_waiting_and_fails_no_pull()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await LeaseGrid.StartAsync(database, shared.Time, ("Buffer:WindowLeads", "1"));
        await grid.Client.PushAsync("ns", "a@x.example");
        await grid.Client.NextAsync("ns");
        var waiting = await WaitersAsync(grid, "ns", 2);

        Task? push = null;
        await PauseInReadAsync(database, grid, () => push = grid.Client.PushAsync("ns", "b@x.example", "c@x.example"));

        await push!;
        var answers = (await Task.WhenAll(waiting)).OrderBy(answer => (bool)answer["found"]!).ToList();
        Assert.Equal("""{"found":false,"paused":true}""", answers[0].ToJsonString());
        Assert.Equal("b@x.example", (string)answers[1]["lead"]!["email"]!);
        Assert.Equal((1, 2, 0), await grid.Client.CountsAsync("ns"));
    }

    [Fact]
    public async Task A_stop_of_the_process_answers_those_who_wait()
    {
        await using var database = await TestDatabase.CreateAsync();
        var grid = await LeaseGrid.StartAsync(database, shared.Time);
        var waiting = await WaitersAsync(grid, "ns", 5);

        var stopped = grid.App.StopAsync();

        Assert.All(await Task.WhenAll(waiting).WaitAsync(Eventually.Patience), answer => Assert.Equal("""{"found":false}""", answer.ToJsonString()));
        await stopped;
        await grid.DisposeAsync();
    }

    /// <summary>Pauses a namespace while what is begun has it read on.</summary>
    private static async Task PauseInReadAsync(TestDatabase database, TestGrid grid, Action begin)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var hold = new Npgsql.NpgsqlCommand("lock table lead_origins in access exclusive mode", connection, transaction);
        await hold.ExecuteNonQueryAsync();
        begin();
        await database.LockWaitAsync();
        await grid.Client.PostAsync("/namespaces/ns/pause", new { });
    }

    private static async Task<Task<JsonNode>[]> WaitersAsync(TestGrid grid, string name, int count, int seconds = 30)
    {
        using var waiters = new WaitingPulls(grid);
        var waiting = Enumerable.Range(0, count)
            .Select(_ => grid.Client.PostAsync("/buffer/next", new { @namespace = name, waitSeconds = seconds }))
            .ToArray();
        await waiters.BecomeAsync(count);
        return waiting;
    }
}
