using System.Text.Json.Nodes;
using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Postgres;

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
