using System.Text;
using FsCheck;
using FsCheck.Fluent;
using LeadGrain.Grains.Campaigns;
using Microsoft.Extensions.Options;

namespace LeadGrain.Tests.Campaigns;

public sealed class SettledBatchTests
{
    private static readonly DateTimeOffset s_now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly SettlementTerms s_terms = new(1, "c", "smartlead", [TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30)]);

    [Fact]
    public void Every_lead_gets_its_outcome_and_none_that_may_still_be_taken_is_given_up() =>
        Prop.ForAll<byte[], PositiveInt>((kinds, attempts) =>
        {
            var results = kinds.Select(Result).ToArray();
            var leads = results.Select(_ => new OutboundLead(Guid.NewGuid(), "a@x.example", [], attempts.Get)).ToArray();
            var batch = SettledBatch.Of(s_terms, leads, results, s_now, () => 0.5);
            return batch.Pushes.Select(p => p.LeadId).SequenceEqual(leads.Select(l => l.Id))
                && batch.Pushes.Zip(Meant(results)).All(pair => Fits(pair.First, pair.Second, attempts.Get))
                && (batch.Stop is null) == !Meant(results).Any(r => r is PushResult.Stop)
                && !(batch.Succeeded && batch.Failed);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_became_of_a_lead_is_noted_with_its_status_before_and_after()
    {
        PushResult[] results =
        [
            new PushResult.Accepted("7"), new PushResult.AlreadyThere(), new PushResult.Refused("invalid email"), new PushResult.RetryAt(null, "500"),
        ];
        var leads = results.Select(_ => new OutboundLead(Guid.NewGuid(), "a@x.example", [])).ToArray();

        var audit = SettledBatch.Of(s_terms, leads, results, s_now, () => 0.5).Audit;

        Assert.All(audit, entry => Assert.Equal("""{"status":"HELD"}""", Encoding.UTF8.GetString(entry.Before!)));
        Assert.Equal(
            [
                """pushed_to_smartlead {"status":"ACTIVE","campaign":"c"}""", """pushed_to_smartlead {"status":"ACTIVE","campaign":"c"}""",
                """push_failed {"status":"DEAD","campaign":"c","error":"invalid email"}""", """push_failed {"status":"HELD","campaign":"c","error":"500"}""",
            ],
            audit.Select(entry => $"{entry.Action} {Encoding.UTF8.GetString(entry.After!)}"));
    }

    [Fact]
    public void Whole_requests_refused_in_a_row_are_counted_over_batches_until_a_lead_is_judged()
    {
        var refused = new PushResult.Refused("400", Whole: true);
        Assert.Equal(9, Row(7, refused, refused));
        Assert.Equal(7, Row(7, new PushResult.RetryAt(null, "500"), new PushResult.Refused("erased", Asked: false)));
        Assert.Equal(0, Row(7, refused, new PushResult.Refused("invalid email")));
        Assert.Equal(0, Row(7, refused, new PushResult.AlreadyThere()));

        static int Row(int before, params PushResult[] results) => SettledBatch.Of(
            s_terms with { RefusedInRow = before },
            [.. results.Select(_ => new OutboundLead(Guid.NewGuid(), "a@x.example", []))], results, s_now, () => 0.5).RefusedInRow;
    }

    [Fact]
    public void A_wait_that_the_target_asks_for_is_never_cut_short()
    {
        var lead = new OutboundLead(Guid.NewGuid(), "a@x.example", []);
        var asked = s_now + TimeSpan.FromMinutes(10);

        var push = SettledBatch.Of(s_terms, [lead], [new PushResult.RetryAt(asked, "503")], s_now, () => 0).Pushes.Single();

        Assert.Equal(asked, push.DueAt);
    }

    [Fact]
    public void Leads_that_failed_together_are_not_due_together_again()
    {
        var leads = Enumerable.Range(0, 50).Select(_ => new OutboundLead(Guid.NewGuid(), "a@x.example", [], 1)).ToArray();
        var random = new CampaignRandom(Options.Create(new CampaignOptions { Seed = 7 }));

        foreach (var result in new[] { new PushResult.RetryAt(null, "500"), new PushResult.RetryAt(null, "429", Counts: false) })
        {
            var batch = SettledBatch.Of(s_terms, leads, [.. leads.Select(_ => result)], s_now, random.Next);

            var waits = batch.Pushes.Select(push => (push.DueAt!.Value - s_now).TotalSeconds).ToArray();
            Assert.Equal(50, waits.Distinct().Count());
            Assert.All(waits, wait => Assert.InRange(wait, result.Counts ? 4 : 2.5, result.Counts ? 6 : 5));
            Assert.True(waits.Max() - waits.Min() > 1, "They are hardly spread.");
        }
    }

    /// <summary>Ten whole requests refused, and no lead judged: that is the target's refusal, not the leads' fault.</summary>
    private static IEnumerable<PushResult> Meant(PushResult[] results)
        => results.Count(r => r is PushResult.Refused { Whole: true }) >= 10
            && !results.Any(r => r is PushResult.Accepted or PushResult.AlreadyThere or PushResult.Refused { Whole: false })
            ? results.Select(r => r is PushResult.Refused ? new PushResult.Stop("all") : r)
            : results;

    private static PushResult Result(byte kind) => (kind % 7) switch
    {
        0 => new PushResult.Accepted("7"),
        1 => new PushResult.AlreadyThere(),
        2 => new PushResult.Refused("invalid email"),
        3 => new PushResult.RetryAt(null, "500"),
        4 => new PushResult.RetryAt(s_now.AddSeconds(1), "429", Counts: false),
        5 => new PushResult.Refused("400", Whole: true),
        _ => new PushResult.Stop("401"),
    };

    private static bool Fits(SettledPush push, PushResult result, int attempts) => result switch
    {
        PushResult.Accepted or PushResult.AlreadyThere => push is { State: "sent", Back: 0 },
        PushResult.Refused => push is { State: "dead", Reason: not null },
        PushResult.Stop => push is { State: "waiting", Back: 1, Reason: not null },
        PushResult.RetryAt { Counts: false } => push is { State: "waiting", Back: 1 } && push.DueAt >= s_now,
        _ => attempts <= 2 ? push is { State: "waiting", Back: 0 } && push.DueAt > s_now : push is { State: "dead" },
    };
}
