using System.Collections.Concurrent;

namespace LeadGrain.Tests.Buffer;

public sealed class ConcurrencyTests(SharedGrid shared) : IClassFixture<SharedGrid>
{
    private HttpClient Client => shared.Client;

    [Fact]
    public async Task Many_callers_pulling_one_namespace_get_each_lead_once_and_all_of_them()
    {
        var emails = Enumerable.Range(0, 2_000).Select(i => $"lead{i}@crowd.example").ToArray();
        await Client.PushAsync("crowd", emails);

        var pulled = await PullByAsync("crowd", callers: 64);

        Assert.Equal(emails.Order(), pulled.Order());
        Assert.Equal((0, 2_000, 0), await Client.CountsAsync("crowd"));
    }

    [Fact]
    public async Task Callers_that_push_and_pull_the_same_emails_at_once_see_each_served_once()
    {
        var emails = Enumerable.Range(0, 300).Select(i => $"lead{i}@mixed.example").ToArray();
        var pushers = Enumerable.Range(0, 8).Select(async seed =>
        {
            foreach (var chunk in Shuffled(emails, seed).Chunk(20))
            {
                await Client.PushAsync("mixed", chunk);
            }
        });
        var pushing = Task.WhenAll(pushers);
        var pulled = new ConcurrentBag<string>();
        var pullers = Enumerable.Range(0, 16).Select(async _ =>
        {
            while (!pushing.IsCompleted)
            {
                if (await Client.NextAsync("mixed") is { } email)
                {
                    pulled.Add(email);
                }
            }
        });
        await Task.WhenAll([pushing, .. pullers]);

        Assert.Equal(emails.Order(), pulled.Concat(await Client.DrainAsync("mixed")).Order());
        var (waiting, served, _) = await Client.CountsAsync("mixed");
        Assert.Equal((0, 300), (waiting, served));
    }

    [Fact]
    public async Task A_namespace_is_made_while_another_commit_of_its_organization_is_under_way()
    {
        await Client.PushAsync("made-first", "a@made.example");
        await using var connection = await shared.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var written = new Npgsql.NpgsqlCommand("update organizations set app_id = app_id", connection);
        await written.ExecuteNonQueryAsync();

        await Client.PushAsync("made-second", "b@made.example").WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal("b@made.example", await Client.NextAsync("made-second"));
    }

    [Fact]
    public async Task Many_namespaces_pushed_and_pulled_at_once_keep_apart()
    {
        var emails = Enumerable.Range(0, 50).Select(i => $"lead{i}@many.example").ToArray();
        var names = Enumerable.Range(0, 40).Select(i => $"many-{i}").ToArray();

        var pulled = await Task.WhenAll(names.Select(async name =>
        {
            await Client.PushAsync(name, emails);
            return await PullByAsync(name, callers: 4);
        }));

        Assert.All(pulled, served => Assert.Equal(emails.Order(), served.Order()));
    }

    [Fact]
    public async Task A_namespace_whose_activation_is_superseded_again_and_again_still_serves_each_lead_once()
    {
        var emails = Enumerable.Range(0, 1_000).Select(i => $"lead{i}@fenced.example").ToArray();
        await Client.PushAsync("fenced", emails);
        var pulled = new ConcurrentBag<string>();
        while (pulled.Count < emails.Length)
        {
            // By what its callers got, not by the clock: superseded faster than it can start, no activation could ever serve.
            var round = Task.WhenAll(Enumerable.Range(0, 16).Select(_ => PullSomeAsync("fenced", 4, pulled)));
            await shared.SupersedeAsync("fenced");
            await round;
        }

        Assert.Equal(emails.Order(), pulled.Order());
        Assert.Equal((0, 1_000, 0), await Client.CountsAsync("fenced"));
    }

    private async Task PullSomeAsync(string name, int leads, ConcurrentBag<string> pulled)
    {
        for (var n = 0; n < leads && await Client.NextAsync(name) is { } email; n++)
        {
            pulled.Add(email);
        }
    }

    private async Task<List<string>> PullByAsync(string name, int callers)
        => [.. (await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Client.DrainAsync(name)))).SelectMany(emails => emails)];

    private static string[] Shuffled(string[] emails, int seed)
    {
        var copy = emails.ToArray();
        new Random(seed).Shuffle(copy);
        return copy;
    }
}
