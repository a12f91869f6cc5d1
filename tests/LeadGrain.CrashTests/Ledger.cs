using System.Collections.Concurrent;

namespace LeadGrain.CrashTests;

/// <summary>What the clients of one namespace did and were answered, kept where no crash reaches it.</summary>
internal sealed class Ledger
{
    private readonly ConcurrentQueue<string> _answered = new();
    private readonly ConcurrentQueue<Answer> _refused = new();
    private readonly ConcurrentQueue<string[]> _acknowledged = new();
    private readonly ConcurrentQueue<string[]> _unsure = new();
    private int _pushes;

    /// <summary>Emails that clients were answered.</summary>
    internal IReadOnlyCollection<string> Answered => _answered;

    /// <summary>Answers other than 200, broken connections included.</summary>
    internal IReadOnlyCollection<Answer> Refused => _refused;

    /// <summary>Pushes that were answered with 200.</summary>
    internal IReadOnlyCollection<string[]> Acknowledged => _acknowledged;

    /// <summary>Pushes that were not.</summary>
    internal IReadOnlyCollection<string[]> Unsure => _unsure;

    /// <summary>Pushes new leads.</summary>
    internal async Task PushAsync(CampaignClient client, int leads)
    {
        var push = Interlocked.Increment(ref _pushes);
        var emails = Enumerable.Range(0, leads).Select(i => $"p{push}-{i}@example.com").ToArray();
        var answer = await client.PushAsync(emails);
        if (answer.Status == 200)
        {
            _acknowledged.Enqueue(emails);
        }
        else
        {
            _unsure.Enqueue(emails);
            await RefuseAsync(answer);
        }
    }

    /// <summary>Pulls once.</summary>
    /// <returns>Whether the answer was 200.</returns>
    internal async Task<bool> PullAsync(CampaignClient client)
    {
        var answer = await client.NextAsync();
        if (answer.Email is { } email)
        {
            _answered.Enqueue(email);
        }
        else if (answer.Status != 200)
        {
            await RefuseAsync(answer);
        }

        return answer.Status == 200;
    }

    /// <summary>Notes what was drained.</summary>
    internal void Add(IEnumerable<string> drained)
    {
        foreach (var email in drained)
        {
            _answered.Enqueue(email);
        }
    }

    /// <summary>No email was answered twice.</summary>
    internal void AssertNoneTwice()
        => Assert.Empty(_answered.GroupBy(email => email).Where(same => same.Count() > 1).Select(same => same.Key));

    /// <summary>Of the pushes that nobody acknowledged, each is there wholly or not at all.</summary>
    /// <returns>Those that are there.</returns>
    internal List<string[]> AssertAllOrNothing(IReadOnlySet<string> there)
    {
        Assert.All(_unsure, push => Assert.Contains(push.Count(there.Contains), (int[])[0, push.Length]));
        return [.. _unsure.Where(push => there.Contains(push[0]))];
    }

    // A client of a broken or refusing host comes again a moment later; a host that refuses must not be spun at.
    private async Task RefuseAsync(Answer answer)
    {
        _refused.Enqueue(answer);
        await Task.Delay(TimeSpan.FromMilliseconds(10));
    }
}
