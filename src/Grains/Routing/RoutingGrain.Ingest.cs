using System.Text.Json;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Gate;
using LeadGrain.Grains.Idempotency;
using LeadGrain.Grains.Storage;

namespace LeadGrain.Grains.Routing;

/// <summary>Takes leads in: looks their emails up, decides, commits, and starts their pushes.</summary>
internal sealed partial class RoutingGrain
{
    private readonly EmailTurns _turns = new();
    private readonly RuleCounts _counts = new();
    private readonly CampaignRooms _rooms = new();
    private Task<List<CampaignRoom>>? _readingRooms;
    private long? _roomsReadAt;
    private int _underWay;

    /// <inheritdoc/>
    public async Task<Keyed<IngestOutcome>> IngestAsync(IngestCommand command, CancellationToken cancellationToken)
    {
        if (_underWay >= options.Value.QueueLimit)
        {
            throw new OverloadedException("Too many leads of the organization are on their way to a commit.");
        }

        Keyed<IngestOutcome> taken;
        _underWay++;
        try
        {
            using var turn = await _turns.EnterAsync(EmailKey.Of(command.Lead.Email));
            cancellationToken.ThrowIfCancellationRequested();
            taken = command.IsDelivery ? await TakeDeliveryInAsync(command) : await TakeInAsync(command);
        }
        finally
        {
            _underWay--;
        }

        if (taken is { Use: KeyUse.First, Outcome: { Target: { } target } outcome })
        {
            StartPush(outcome.LeadId, command.Lead, target);
        }

        return taken;
    }

    /// <inheritdoc/>
    public async Task<RoutePreview> PreviewAsync(NewRoutedLead lead, Guid? leadId, CancellationToken cancellationToken)
    {
        var state = await StateAsync();
        var now = time.GetUtcNow();
        var (history, takesMail) = await LookUpAsync(state, EmailKey.Of(lead.Email), now);
        using var fields = new RuleInput(leadId ?? RoutedLeadIds.Next(now), lead);
        await ReadRoomsAsync(state.OrganizationId, TimeSpan.Zero);
        var match = RoutingRules.Match(fields, state.Rules, now, _counts.Of, CampaignFullAt);
        var health = Judge(lead, match.Winner, history, takesMail, state);
        return new RoutePreview(
            fields.Id, health.Class == HealthClass.Red ? RoutedStatus.Blocked : RoutedStatus.Held, health, match.Winner, match.Verdicts);
    }

    private async Task<Keyed<IngestOutcome>> TakeInAsync(IngestCommand command)
    {
        var state = await StateAsync();
        if (command.Key is not null && await FindKeptAsync(state.OrganizationId, command.Key) is { } kept)
        {
            return kept;
        }

        var write = await DecideAsync(state, LeadInHand.New(command, RoutedLeadIds.Next(time.GetUtcNow())), shared.Commits.Leads);
        return write.Done ? First(write.Write)
            : await FindKeptAsync(state.OrganizationId, command.Key!) ?? new Keyed<IngestOutcome>(KeyUse.InProgress, null);
    }

    private Keyed<IngestOutcome> First(IngestWrite write)
    {
        shared.GateMetrics.Judged(write.Health);
        shared.Metrics.Decided(write.Audit.Action);
        return new Keyed<IngestOutcome>(KeyUse.First, new IngestOutcome(write.Id, write.Status, write.Health, write.Target, write.Rule?.Id));
    }

    /// <summary>Decides on a lead and commits that, again where a cap is met.</summary>
    /// <returns>What was decided last, and whether it was committed: if not, somebody else was faster.</returns>
    private async Task<(IngestWrite Write, bool Done)> DecideAsync(RoutingState state, LeadInHand lead, GroupCommit<IngestWrite, IngestCommit> commits)
    {
        await ReadRoomsAsync(state.OrganizationId, options.Value.CampaignCapsFor);
        var (history, takesMail) = await LookUpAsync(state, EmailKey.Of(lead.Lead.Email), time.GetUtcNow());
        var closed = new ClosedTargets();
        for (var tries = 0; tries <= state.Rules.Length; tries++)
        {
            var write = Decide(lead, state, history, takesMail, closed);
            if (lead.IsHeld && write is { Rule: null, Status: RoutedStatus.Held })
            {
                return (write, Done: true); // it stays where it is
            }

            switch (await CommitAsync(write, commits))
            {
                case IngestCommit.Done:
                    return (write, Done: true);
                case IngestCommit.Fenced:
                    throw End();
                case IngestCommit.RuleCapReached:
                    _counts.Fill(write.Rule!, write.Day);
                    closed.Close(write.Rule!, wholeCampaign: false);
                    break;
                case IngestCommit.CampaignCapReached:
                    _roomsReadAt = null;
                    closed.Close(write.Rule!, wholeCampaign: true);
                    break;
                default:
                    return (write, Done: false);
            }

            shared.Metrics.Redecided();
        }

        throw new InvalidOperationException("A lead was refused by more rules than there are.");
    }

    private IngestWrite Decide(LeadInHand hand, RoutingState state, EmailHistory history, bool? takesMail, ClosedTargets closed)
    {
        var (lead, now) = (hand.Lead, time.GetUtcNow());
        using var fields = new RuleInput(hand.Id, lead);
        var winner = Winner(fields, state, now, closed);
        var health = Judge(lead, winner, history, takesMail, state);
        var blocked = health.Class == HealthClass.Red;
        var rule = blocked ? null : winner;
        return new IngestWrite(
            state.OrganizationId,
            state.Epoch,
            hand.Id,
            lead,
            health,
            blocked ? RoutedStatus.Blocked : RoutedStatus.Held,
            rule,
            rule is null ? default : ActiveClock.DayOf(rule.Definition, now),
            IngestAudit.Of(state.OrganizationId, hand.Actor, hand.Id, health, rule, hand.IsHeld),
            hand.Key,
            hand.Delivery);
    }

    private RoutingRule? Winner(RuleInput fields, RoutingState state, DateTimeOffset now, ClosedTargets closed) => RoutingRules.Winner(
        fields,
        state.Rules,
        now,
        (rule, day) => closed.Has(rule) ? int.MaxValue : _counts.Of(rule, day),
        rule => closed.HasCampaign(rule) ? 0 : CampaignFullAt(rule));

    private int? CampaignFullAt(RoutingRule rule) => _rooms.FullAt(rule.Definition.Target.CampaignId);

    // Counted before it is committed, so that leads on their way together do not all think that there is room.
    private async Task<IngestCommit> CommitAsync(IngestWrite write, GroupCommit<IngestWrite, IngestCommit> commits)
    {
        _rooms.Take(write.Target?.CampaignId);
        if (write.Cap is not null)
        {
            _counts.Take(write.Rule!, write.Day);
        }

        IngestCommit done;
        try
        {
            using var joining = write is { Rule: null, Status: RoutedStatus.Held } ? await JoinPoolAsync(write.Id) : null;
            done = await commits.CommitAsync(write);
        }
        catch
        {
            // What the counts hold of this lead may be right or wrong: another activation reads them anew.
            DeactivateOnIdle();
            throw;
        }

        if (done != IngestCommit.Done)
        {
            _rooms.GiveBack(write.Target?.CampaignId);
            if (write.Cap is not null)
            {
                _counts.GiveBack(write.Rule!, write.Day);
            }
        }

        return done;
    }

    // Read by one call for all that come meanwhile. What is a moment old costs a refused commit, or the next match, at most.
    private async Task ReadRoomsAsync(long organizationId, TimeSpan atMost)
    {
        if (_roomsReadAt is { } readAt && time.GetElapsedTime(readAt) < atMost)
        {
            return;
        }

        var reading = _readingRooms ??= caps.RoomsAsync(organizationId);
        try
        {
            var rooms = await reading;
            if (_readingRooms == reading)
            {
                _rooms.Reset(rooms);
                _roomsReadAt = time.GetTimestamp();
            }
        }
        finally
        {
            if (_readingRooms == reading)
            {
                _readingRooms = null;
            }
        }
    }

    private async Task<(EmailHistory History, bool? TakesMail)> LookUpAsync(RoutingState state, string emailKey, DateTimeOffset now)
    {
        var hash = await suppressions.HashAsync(state.OrganizationId, emailKey);
        var mail = EmailSyntax.Fault(emailKey) is null && state.Gate.Points.NoMailHost > 0
            ? shared.MailHosts.TakesMailAsync(EmailSyntax.DomainOf(emailKey))
            : ValueTask.FromResult<bool?>(null);
        var query = new HistoryQuery(state.OrganizationId, emailKey, hash, now.AddDays(-state.Gate.LookBackDays));
        return (await shared.Commits.Histories.CommitAsync(query), await mail);
    }

    private static Health Judge(NewRoutedLead lead, RoutingRule? winner, EmailHistory history, bool? takesMail, RoutingState state)
    {
        DateTimeOffset? before = null;
        foreach (var (target, at) in history.Routed)
        {
            before = winner is not null && target == winner.Definition.Target && (before is null || at > before) ? at : before;
        }

        return HealthGate.Judge(EmailKey.Of(lead.Email), new LeadFacts(takesMail, [.. history.Suppressions], before), state.Gate);
    }

    private async Task<Keyed<IngestOutcome>?> FindKeptAsync(long organizationId, RequestKey key)
    {
        if (await shared.Keys.FindAsync(new KeyQuery(organizationId, KeyedRoute.Ingest, key.Key)) is not { } found)
        {
            return null;
        }

        if (!key.Body.AsSpan().SequenceEqual(found.Body))
        {
            return new Keyed<IngestOutcome>(KeyUse.TakenByOther, null);
        }

        var id = JsonSerializer.Deserialize(found.Answer, RoutingJson.Default.KeptIngest)!.LeadId;
        return await ReplayedAsync(organizationId, id);
    }

    private async Task<Keyed<IngestOutcome>?> ReplayedAsync(long organizationId, Guid id) => await leads.GetAsync(organizationId, id) is { } lead
        ? new Keyed<IngestOutcome>(KeyUse.Replayed, new IngestOutcome(id, lead.Status, lead.Health, lead.Target, lead.RuleId, lead.CampaignKind))
        : null;
}
