using System.Diagnostics;
using System.Text.Json;

namespace LeadGrain.CrashTests.Keys;

/// <summary>
/// A campaign service that sends an Idempotency-Key with all that it asks, and repeats it with the same key until it is answered:
/// after a lost answer, a refusal, or because it has hung up too early.
/// </summary>
internal sealed class KeyedClient(CampaignClient http, KeyedLedger ledger, Random random, CancellationToken abandon)
{
    private const int MostOpen = 1_500;
    private const int Many = 100;

    // A client of a broken or refusing host comes again a moment later; a host that refuses must not be spun at.
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    private string? _pushedLast;

    /// <summary>Pushes leads, of several priorities and now and then one that was pushed before, unless plenty wait.</summary>
    internal async Task PushAsync()
    {
        if (ledger.Buffered - ledger.Settled > MostOpen)
        {
            await Task.Delay(s_pause);
            return;
        }

        await PushAsync(random.Next(1, 20));
    }

    internal async Task PushAsync(int count)
    {
        var priority = random.Next(8) == 0 ? random.Next(-2, 3) : 0;
        var leads = Enumerable.Range(0, count).Select(i => new PushedLead($"{Guid.NewGuid():n}@example.com", priority)).ToList();
        if (_pushedLast is { } email && random.Next(8) == 0)
        {
            leads.Add(new PushedLead(email));
        }

        _pushedLast = leads[0].Email;
        var (answer, _) = await AskAsync("push", (key, patience) => http.PushAsync(leads, key, patience));
        using var json = JsonDocument.Parse(answer.Body);
        ledger.Pushed(leads.Select(lead => lead.Email), json.RootElement.GetProperty("buffered").GetInt32());
    }

    /// <summary>Pulls a lead for good, or several.</summary>
    /// <returns>Whether there was one.</returns>
    internal async Task<bool> PullAsync()
    {
        int? count = random.Next(4) == 0 ? random.Next(1, 6) : null;
        return await PullAsync(count);
    }

    /// <summary>Pulls many leads for good, so that a long queue comes to its end soon.</summary>
    /// <returns>Whether there was one.</returns>
    internal Task<bool> PullManyAsync() => PullAsync(Many);

    private async Task<bool> PullAsync(int? count)
    {
        if (await TakeAsync(count, null))
        {
            return true;
        }

        await Task.Delay(s_pause);
        return false;
    }

    /// <summary>Waits for a lead.</summary>
    internal async Task PollAsync() => await TakeAsync(null, random.Next(1, 3));

    private async Task<bool> TakeAsync(int? count, int? wait)
    {
        var (answer, asked) = await AskAsync("next", (key, patience) => http.NextAsync(null, key, patience, count, wait));
        foreach (var email in answer.Emails)
        {
            ledger.HandedOut(email, null, asked, null);
        }

        return answer.Emails.Count > 0;
    }

    /// <summary>Pulls a lead on a short lease, and acknowledges it, gives it back, extends it first or forgets it.</summary>
    internal async Task LeaseAsync()
    {
        var seconds = random.Next(1, 4);
        var (answer, asked) = await AskAsync("lease", (key, patience) => http.NextAsync(seconds, key, patience));
        if (answer is not { Email: { } email, Lease: { } lease })
        {
            await Task.Delay(s_pause);
            return;
        }

        var handOut = ledger.HandedOut(email, lease, asked, TimeSpan.FromSeconds(seconds));
        switch (random.Next(10))
        {
            case 0:
                return;
            case 1:
                handOut.SafeUntil = Stopwatch.GetTimestamp();
                await SettleAsync("nack", lease, random.Next(2));
                return;
            case 2:
                await ExtendAsync(handOut, lease);
                break;
        }

        if (await SettleAsync("ack", lease, null) is ("acked", _))
        {
            ledger.Settle(handOut);
            return;
        }

        Assert.True(Stopwatch.GetTimestamp() >= handOut.SafeUntil, $"{lease} was over before its time.");
    }

    private async Task ExtendAsync(HandOut handOut, Guid lease)
    {
        const int Seconds = 2;
        handOut.SafeUntil = Math.Min(handOut.SafeUntil, Stopwatch.GetTimestamp() + KeyedLedger.Ticks(TimeSpan.FromSeconds(Seconds)));
        if (await SettleAsync("extend", lease, Seconds) is ("extended", var asked))
        {
            handOut.SafeUntil = asked + KeyedLedger.Ticks(TimeSpan.FromSeconds(Seconds));
        }
    }

    private async Task<(string Outcome, long Asked)> SettleAsync(string verb, Guid lease, int? seconds)
    {
        var (answer, asked) = await AskAsync(verb, (key, patience) => http.SettleAsync(verb, lease, seconds, key, patience));
        using var json = JsonDocument.Parse(answer.Body);
        return (json.RootElement.GetProperty("results")[0].GetProperty("outcome").GetString()!, asked);
    }

    /// <summary>Asks under one key until it is answered; now and then once more, to be answered the same.</summary>
    private async Task<(Answer Answer, long Asked)> AskAsync(string what, Func<string, TimeSpan, Task<Answer>> ask)
    {
        var key = $"{what}-{Guid.NewGuid():n}";
        var asked = Stopwatch.GetTimestamp();
        var answer = await InsistAsync(key, ask);
        if (random.Next(16) == 0 && (what is not ("next" or "lease") || answer.Emails.Count > 0))
        {
            var again = await InsistAsync(key, ask);
            Assert.Equal((true, answer.Body), (again.Replayed, again.Body));
        }

        return (answer, asked);
    }

    private async Task<Answer> InsistAsync(string key, Func<string, TimeSpan, Task<Answer>> ask)
    {
        while (true)
        {
            var sent = Stopwatch.GetTimestamp();
            var hangUp = random.Next(50) == 0 ? TimeSpan.FromMilliseconds(random.Next(1, 20)) : Eventually.Patience;
            var answer = await ask(key, hangUp);
            ledger.Note(answer, sent);
            if (answer.Status == 200)
            {
                return answer;
            }

            // A client can act on these: it comes again.
            Assert.True(answer.Status is null or 503 or 409, $"{key}: {answer.Status} {answer.Body}");
            await Task.Delay(s_pause, abandon);
        }
    }
}
