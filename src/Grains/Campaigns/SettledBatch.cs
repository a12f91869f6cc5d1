using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Outbound;

namespace LeadGrain.Grains.Campaigns;

/// <summary>What is to be recorded of a batch.</summary>
/// <param name="Pushes">Each lead's new state.</param>
/// <param name="Audit">What the audit log says.</param>
/// <param name="Stop">Why the campaign stops; null where it does not.</param>
/// <param name="Succeeded">Whether the target took anything.</param>
/// <param name="Answered">Whether the target works: it took or refused a lead.</param>
/// <param name="Failed">Whether it failed, and did neither.</param>
/// <param name="NotBefore">When it wants to be asked again for any lead of the campaign; null where it does not say.</param>
/// <param name="RefusedInRow">Whole requests that it has refused since it last judged a lead.</param>
/// <param name="TurnAt">When the key has its next turn, where its rate is used up and the target was not asked; else null.</param>
internal sealed record SettledBatch(
    IReadOnlyList<SettledPush> Pushes,
    IReadOnlyList<AuditEntry> Audit,
    string? Stop,
    bool Succeeded,
    bool Answered,
    bool Failed,
    DateTimeOffset? NotBefore = null,
    int RefusedInRow = 0,
    DateTimeOffset? TurnAt = null)
{
    private static readonly byte[] s_active = """{"state":"active"}"""u8.ToArray();
    private static readonly byte[] s_stopped = """{"state":"stopped"}"""u8.ToArray();

    /// <summary>Decides. Pure: time and randomness are given.</summary>
    /// <param name="terms">For which campaign, by which schedule.</param>
    /// <param name="leads">As they were sent.</param>
    /// <param name="results">An outcome for each, in order.</param>
    /// <param name="now">When.</param>
    /// <param name="random">Spreads the retries, 0 to 1.</param>
    internal static SettledBatch Of(
        SettlementTerms terms, IReadOnlyList<OutboundLead> leads, IReadOnlyList<PushResult> results, DateTimeOffset now, Func<double> random)
    {
        var row = RefusedWith(terms, results);
        if (row >= PushResult.Refused.Alike)
        {
            results = [.. results.Select(result => result is PushResult.Refused { Whole: true } whole ? whole.Every() : result)];
        }

        var pushes = new List<SettledPush>(leads.Count);
        var audit = new List<AuditEntry>(leads.Count);
        for (var i = 0; i < leads.Count; i++)
        {
            var push = Settle(terms, leads[i], results[i], now, random);
            pushes.Add(push);
            if (Entry(terms, leads[i], push, results[i]) is { } entry)
            {
                audit.Add(entry);
            }
        }

        var stop = terms.IsStopped ? null : results.OfType<PushResult.Stop>().FirstOrDefault()?.Why;
        if (stop is not null)
        {
            audit.Add(Stopped(terms.OrganizationId, terms.CampaignId, stop));
        }

        var succeeded = results.Any(r => r is PushResult.Accepted or PushResult.AlreadyThere);
        var answered = succeeded || results.Any(r => r is PushResult.Refused { Asked: true });
        var failed = !answered && results.Any(r => r is PushResult.RetryAt { Counts: true });
        return new SettledBatch(pushes, audit, stop, succeeded, answered, failed, ForAllAt(results, asked: true), row, ForAllAt(results, asked: false));
    }

    /// <summary>What the audit log says of a campaign that stops.</summary>
    internal static AuditEntry Stopped(long organizationId, string campaignId, string why) => new(
        organizationId, "grid", "campaign_stopped", "campaign", campaignId, s_active, s_stopped, why);

    private static DateTimeOffset? ForAllAt(IReadOnlyList<PushResult> results, bool asked)
        => results.Max(result => result is PushResult.RetryAt { ForAll: true } later && later.Asked == asked ? later.When : null);

    private static int RefusedWith(SettlementTerms terms, IReadOnlyList<PushResult> results)
        => results.Any(r => r is PushResult.Accepted or PushResult.AlreadyThere or PushResult.Refused { Asked: true, Whole: false }) ? 0
            : terms.RefusedInRow + results.Count(r => r is PushResult.Refused { Whole: true });

    private static SettledPush Settle(SettlementTerms terms, OutboundLead lead, PushResult result, DateTimeOffset now, Func<double> random)
    {
        switch (result)
        {
            case PushResult.Accepted(var id):
                return new SettledPush(lead.Id, "sent", null, null, 0, id);
            case PushResult.AlreadyThere(var id):
                return new SettledPush(lead.Id, "sent", null, null, 0, id);
            case PushResult.Refused(var why, _, _):
                return new SettledPush(lead.Id, "dead", null, why, 0, null);
            case PushResult.Stop(var why):
                return new SettledPush(lead.Id, "waiting", now, why, 1, null);
            case PushResult.RetryAt { Asked: false } later:
                return new SettledPush(lead.Id, "waiting", later.When ?? now + Spread(terms, random), lead.LastError, 1, null);
            case PushResult.RetryAt { Counts: false } later:
                return new SettledPush(lead.Id, "waiting", later.When ?? now + Spread(terms, random), later.Why, 1, null);
            case PushResult.RetryAt later:
                return BackOff.After(lead.Attempts, terms.Schedule, random()) is { } wait
                    ? new SettledPush(lead.Id, "waiting", later.When is { } when && when > now + wait ? when : now + wait, later.Why, 0, null)
                    : new SettledPush(lead.Id, "dead", null, $"{later.Why}; that was the last of {lead.Attempts} attempts", 0, null);
            default:
                throw new InvalidOperationException($"No such result: {result}.");
        }
    }

    private static TimeSpan Spread(SettlementTerms terms, Func<double> random) =>
        (terms.Schedule is [var first, ..] ? first : TimeSpan.FromSeconds(1)) * (0.5 + (random() / 2));

    private static AuditEntry? Entry(SettlementTerms terms, OutboundLead lead, SettledPush push, PushResult result) => result switch
    {
        PushResult.RetryAt { Asked: false } => null,
        // Told to wait again and again, as often as once a second: the first time says it all.
        PushResult.RetryAt { Counts: false } when lead.LastError == push.Reason => null,
        PushResult.Accepted => Entry(terms, push, $"pushed_to_{terms.Kind}", terms.AfterPushed, null),
        PushResult.AlreadyThere => Entry(terms, push, $"pushed_to_{terms.Kind}", terms.AfterPushed, "it was there already"),
        _ => Entry(terms, push, "push_failed", AuditedStatus.Of(push.State == "dead" ? RoutedStatus.Dead : RoutedStatus.Held, "campaign", terms.CampaignId, push.Reason), push.Reason),
    };

    private static AuditEntry Entry(SettlementTerms terms, SettledPush push, string action, byte[] after, string? reason)
        => new(terms.OrganizationId, "grid", action, "lead", $"{push.LeadId}", AuditedStatus.Held, after, reason);
}

/// <summary>
/// For which campaign a batch is settled, by which schedule of waits between attempts, how many whole requests were refused in a
/// row before it, and whether it was stopped meanwhile.
/// </summary>
internal sealed record SettlementTerms(
    long OrganizationId, string CampaignId, string Kind, IReadOnlyList<TimeSpan> Schedule, int RefusedInRow = 0, bool IsStopped = false)
{
    /// <summary>What the audit log says of each lead that the campaign has.</summary>
    internal byte[] AfterPushed { get; } = AuditedStatus.Of(RoutedStatus.Active, "campaign", CampaignId);
}

/// <summary>A push's new state.</summary>
/// <param name="LeadId">Whose.</param>
/// <param name="State">sent, waiting or dead.</param>
/// <param name="DueAt">Of one that waits.</param>
/// <param name="Reason">Of one that failed; of one for which nothing was asked, why it failed before; null: it never did.</param>
/// <param name="Back">1 where the attempt does not count.</param>
/// <param name="TargetLeadId">The target's own name for the lead.</param>
internal sealed record SettledPush(Guid LeadId, string State, DateTimeOffset? DueAt, string? Reason, int Back, string? TargetLeadId);
