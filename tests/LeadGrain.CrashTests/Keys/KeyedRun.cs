using System.Diagnostics;
using Xunit.Abstractions;

namespace LeadGrain.CrashTests.Keys;

/// <summary>A namespace under the load of clients with keys while its host and its database suffer, and its account at the end.</summary>
internal sealed class KeyedRun : IAsyncDisposable
{
    private const int Pullers = 4;
    private const int Lessees = 4;
    private const int Pushers = 2;
    private const int Pollers = 2;
    private const int IdlePollers = 4;

    // Of faults in a long run: the account is made after one of so many.
    private const int AccountEvery = 10;

    // In a short run clients think between requests, about as long as one takes, so that tests beside this one get on too. A long
    // run's ask without a break.
    private static readonly TimeSpan s_thought = LongRounds is null ? TimeSpan.FromMilliseconds(10) : TimeSpan.Zero;

    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(20);

    private readonly ITestOutputHelper _output;
    private readonly Random _random;
    private readonly CancellationTokenSource _abandon = new();
    private readonly TaskCompletionSource _ending = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CampaignClient[] _https;
    private readonly CampaignClient[] _idle;
    private readonly Load _load;
    private readonly Load _beside;
    private int _faults;

    /// <param name="output">For what was measured.</param>
    /// <param name="random">For what clients do.</param>
    /// <param name="https">One for each host.</param>
    /// <param name="idle">Likewise, of a namespace that nobody pushes to.</param>
    private KeyedRun(ITestOutputHelper output, Random random, CampaignClient[] https, CampaignClient[] idle)
    {
        (_output, _random, _https, _idle) = (output, random, https, idle);
        var pauses = new Random(random.Next());
        _load = Load.Start(
        [
            .. Clients(Pullers).Select(client => Paced(client.PullAsync)),
            .. Clients(Lessees).Select(client => Paced(client.LeaseAsync)),
            .. Clients(Pushers).Select(client => Paced(client.PushAsync)),
            .. Clients(Pollers).Select(client => Paced(client.PollAsync)),
        ]);
        _beside = Load.Start(
        [
            Paced(() => PauseAsync(pauses)),
            .. Enumerable.Range(0, IdlePollers).Select(n => Paced(() => IdleAsync(_idle[n % _idle.Length]))),
        ]);
    }

    internal KeyedLedger Ledger { get; } = new();

    private static int? LongRounds => int.TryParse(Environment.GetEnvironmentVariable("CRASH_ROUNDS"), out var rounds) ? rounds : null;

    private CampaignClient Http => _https[0];

    /// <summary>How often a fault is repeated: a few times, or as often as CRASH_ROUNDS says.</summary>
    internal static int Rounds(int few) => LongRounds ?? few;

    /// <summary>Lets clients loose on a host.</summary>
    internal static KeyedRun Start(ITestOutputHelper output, Random random, Uri url)
        => Start(output, random, $"keyed-{Guid.NewGuid():n}", url);

    /// <summary>Lets clients loose on hosts of which one serves at a time.</summary>
    internal static KeyedRun StartBalanced(ITestOutputHelper output, Random random, params IReadOnlyList<Uri> hosts)
    {
        var name = $"keyed-{Guid.NewGuid():n}";
        return new(output, random, [new CampaignClient(hosts, name)], [new CampaignClient(hosts, $"{name}-idle")]);
    }

    /// <summary>Lets clients loose on hosts that serve together.</summary>
    internal static KeyedRun Start(ITestOutputHelper output, Random random, string name, params IEnumerable<Uri> urls)
        => new(output, random, [.. urls.Select(url => new CampaignClient(url, name))], [.. urls.Select(url => new CampaignClient(url, $"{name}-idle"))]);

    /// <summary>
    /// Lets a host suffer while it is busy, and measures from then on to the first good answer to a request sent since. Then the account
    /// is made, in a long run after some faults.
    /// </summary>
    /// <param name="fault">What it suffers.</param>
    /// <param name="strike">Does it; the measurement begins at its end.</param>
    /// <param name="recover">What others do then, such as starting a host anew; it counts.</param>
    /// <param name="lasts">Whether it goes on: no account is made then.</param>
    internal async Task<TimeSpan> SufferAsync(string fault, Func<Task> strike, Func<Task>? recover = null, bool lasts = false)
    {
        await BusyAsync();
        await strike();
        var struck = Stopwatch.GetTimestamp();
        var good = Ledger.GoodAnswerAsync(struck, struck);
        await (recover?.Invoke() ?? Task.CompletedTask);
        var took = await good;
        _output.WriteLine($"{fault}: first good answer {took.TotalMilliseconds:0} ms after it");
        if (!lasts && (LongRounds is null || ++_faults % AccountEvery == 0))
        {
            await _load.HoldAsync(AssertAccountAsync);
        }

        return took;
    }

    /// <summary>Waits until leads are dead: given up on lease as often as they may be.</summary>
    internal Task LeadsDieAsync() => Eventually.Async("leads are dead", async () =>
    {
        ThrowIfFailed();
        return (await Http.CountsAsync()).Dead > 0;
    });

    /// <summary>What a GET of this path is answered.</summary>
    internal Task<int?> StatusAsync(string path) => Http.StatusAsync(path);

    /// <summary>Waits until some more leads, a random number, have come to clients.</summary>
    internal Task BusyAsync()
    {
        var until = Ledger.Settled + _random.Next(1, 200);
        return Eventually.Async("leads come to clients", () =>
        {
            ThrowIfFailed();
            return Ledger.Settled >= until;
        });
    }

    /// <summary>Stops the clients, hands out all that is left, and closes the account.</summary>
    internal async Task AssertWholeAsync()
    {
        try
        {
            await StopAsync();
        }
        catch (TimeoutException)
        {
            var told = Ledger.Refused.TakeLast(20).Select(answer => $"{answer.Status} {answer.Body}");
            throw new TimeoutException($"A client is not answered. Of {Ledger.Refused.Count} refusals the last ones:\n{string.Join('\n', told)}");
        }

        await AssertAccountAsync();
        _output.WriteLine(
            $"{Ledger.Refused.Count} requests refused or lost, {Ledger.Replayed} answers replayed, slowest answer {Ledger.Slowest.TotalMilliseconds:0} ms");

        await DrainAsync();
        var counts = await Http.CountsAsync();
        Assert.Equal(Ledger.Buffered, counts.Served + counts.Skipped);
        Ledger.AssertEachOnce();
        Assert.Equal(Ledger.Settled, counts.Served);
        Assert.Equal(Ledger.Settled, (await Http.ServedAsync()).Count);
    }

    public async ValueTask DisposeAsync()
    {
        await _abandon.CancelAsync();
        foreach (var load in (Load[])[_load, _beside])
        {
            try
            {
                await load.DisposeAsync();
            }
            catch (OperationCanceledException)
            {
                // Clients that still ask when a test has failed.
            }
        }

        Array.ForEach([.. _https, .. _idle], http => http.Dispose());
        _abandon.Dispose();
    }

    private static Func<Task> Paced(Func<Task> ask) => s_thought == TimeSpan.Zero ? ask : async () =>
    {
        await ask();
        await Task.Delay(s_thought);
    };

    /// <summary>Stops the clients. Those that wait in vain need not wait to the end: leads are pushed for them, and answer them.</summary>
    private async Task StopAsync()
    {
        _ending.TrySetResult();
        var stopped = Task.WhenAll(_load.StopAsync(), _beside.StopAsync());
        var attempt = 0;
        await Eventually.Async("a push is taken", async () =>
        {
            var answer = await _idle[attempt++ % _idle.Length].PushAsync(Enumerable.Range(0, IdlePollers).Select(n => $"idle-{n}@example.com"));
            Assert.True(answer.Status is null or 200 or 503, $"{answer.Status} {answer.Body}");
            return answer.Status == 200;
        });
        await stopped;
    }

    /// <summary>What is there is what was pushed, and what is served is what clients have; of a namespace that is still.</summary>
    private async Task AssertAccountAsync()
    {
        var counts = await Http.CountsAsync();
        _output.WriteLine(
            $"{Ledger.Buffered} pushed = {counts.Served} served + {counts.Skipped} skipped + {counts.Waiting} waiting + {counts.Leased} leased + {counts.Dead} dead");
        Assert.Equal(Ledger.Buffered, counts.Pushed);
        Assert.Equal(Ledger.Settled, counts.Served);
        Ledger.AssertNoneTwice();
    }

    private void ThrowIfFailed()
    {
        _load.ThrowIfFailed();
        _beside.ThrowIfFailed();
    }

    private async Task DrainAsync()
    {
        var clients = Clients(Pullers).ToList();
        await Eventually.Async("nothing is left", async () =>
        {
            await Task.WhenAll(clients.Select(async client =>
            {
                while (await client.PullManyAsync())
                {
                }
            }));
            Assert.Equal(200, (await Http.ReviveAsync()).Status);
            return (await Http.CountsAsync()).Open == 0;
        });
    }

    /// <summary>
    /// Pauses the namespace for a moment, now and then. Where one host does not answer, the next is asked, as an operator would:
    /// what one that has died since had paused must not stay so.
    /// </summary>
    private async Task PauseAsync(Random random)
    {
        await Task.WhenAny(Task.Delay(random.Next(200, 2_000)), _ending.Task);
        if (_ending.Task.IsCompleted)
        {
            return;
        }

        foreach (var verb in (string[])["pause", "resume"])
        {
            Answer answer;
            for (var attempt = 0; (answer = await _https[attempt % _https.Length].HaltAsync(verb)).Status is not (200 or 404); attempt++)
            {
                Assert.True(answer.Status is null or 503, $"{verb}: {answer.Status} {answer.Body}");
                await Task.Delay(s_again, _abandon.Token);
            }

            await Task.Delay(s_again);
        }
    }

    /// <summary>Waits in vain, so that there are always pulls that wait when something fails.</summary>
    private async Task IdleAsync(CampaignClient http)
    {
        var answer = await http.NextAsync(null, null, Eventually.Patience, wait: 5);
        Assert.True(answer.Status is null or 200 or 503, $"{answer.Status} {answer.Body}");
        Assert.True(answer.Emails.Count == 0 || _ending.Task.IsCompleted, answer.Body);
        if (answer.Status != 200)
        {
            await Task.Delay(s_again, _abandon.Token);
        }
    }

    private IEnumerable<KeyedClient> Clients(int count)
        => Enumerable.Range(0, count).Select(n => new KeyedClient(_https[n % _https.Length], Ledger, new Random(_random.Next()), _abandon.Token));
}
