using System.Text.Json;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Gate;
using LeadGrain.Grains.Idempotency;

namespace LeadGrain.Grains.Routing;

/// <summary>Takes leads in: looks their emails up, decides, commits, and starts their pushes.</summary>
internal sealed partial class RoutingGrain
{
    private readonly EmailTurns _turns = new();
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
            taken = await TakeInAsync(command);
        }
        catch (StorageUnavailableException)
        {
            // What the counts hold of this lead may be right or wrong: another activation reads them anew.
            DeactivateOnIdle();
            throw;
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
        using var fields = new LeadFields(leadId ?? RoutedLeadIds.Next(now), lead.Persona, lead.Score, lead.Data);
        var match = RoutingRules.Match(fields, state.Rules, now, _counts.Of);
        var health = Judge(lead, match.Winner, history, takesMail, state);
        return new RoutePreview(
            fields.Id, health.Class == HealthClass.Red ? RoutedStatus.Blocked : RoutedStatus.Held, health, match.Winner, match.Verdicts);
    }

    private async Task<Keyed<IngestOutcome>> TakeInAsync(IngestCommand command)
    {
        var state = await StateAsync();
        if (command.Key is not null && await FindKeptAsync(state.OrganizationId, command) is { } kept)
        {
            return kept;
        }

        var (history, takesMail) = await LookUpAsync(state, EmailKey.Of(command.Lead.Email), time.GetUtcNow());
        while (true)
        {
            var write = Decide(command, state, history, takesMail);
            switch (await CommitAsync(write))
            {
                case IngestCommit.Done:
                    Count(write);
                    return new Keyed<IngestOutcome>(KeyUse.First, new IngestOutcome(write.Id, write.Status, write.Health, write.Target, write.Rule?.Id));
                case IngestCommit.KeyTaken:
                    return await FindKeptAsync(state.OrganizationId, command) ?? new Keyed<IngestOutcome>(KeyUse.InProgress, null);
            }

            shared.Metrics.Redecided();
            _counts.Fill(write.Rule!, write.Day);
        }
    }

    private IngestWrite Decide(IngestCommand command, RoutingState state, EmailHistory history, bool? takesMail)
    {
        var (lead, now) = (command.Lead, time.GetUtcNow());
        using var fields = new LeadFields(RoutedLeadIds.Next(now), lead.Persona, lead.Score, lead.Data);
        var winner = RoutingRules.Winner(fields, state.Rules, now, _counts.Of);
        var health = Judge(lead, winner, history, takesMail, state);
        var blocked = health.Class == HealthClass.Red;
        var rule = blocked ? null : winner;
        return new IngestWrite(
            state.OrganizationId,
            fields.Id,
            lead,
            health,
            blocked ? RoutedStatus.Blocked : RoutedStatus.Held,
            rule,
            rule is null ? default : ActiveClock.DayOf(rule.Definition, now),
            IngestAudit.Of(state.OrganizationId, command.Actor, fields.Id, health, rule),
            RouteOf(command),
            command.Key);
    }

    // Counted before it is committed, so that leads on their way together do not all think that there is room.
    private async Task<IngestCommit> CommitAsync(IngestWrite write)
    {
        if (write.Cap is not null)
        {
            _counts.Take(write.Rule!, write.Day);
        }

        var done = await shared.Commits.Leads.CommitAsync(write);
        if (done == IngestCommit.KeyTaken && write.Cap is not null)
        {
            _counts.GiveBack(write.Rule!, write.Day);
        }

        return done;
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

    private async Task<Keyed<IngestOutcome>?> FindKeptAsync(long organizationId, IngestCommand command)
    {
        var (route, key) = (RouteOf(command), command.Key!);
        if (await shared.Keys.FindAsync(new KeyQuery(organizationId, route, key.Key)) is not { } found)
        {
            return null;
        }

        // A delivery that says it is the same one is, even where its sender has written the body anew.
        if (route == KeyedRoute.Ingest && !key.Body.AsSpan().SequenceEqual(found.Body))
        {
            return new Keyed<IngestOutcome>(KeyUse.TakenByOther, null);
        }

        var id = JsonSerializer.Deserialize(found.Answer, RoutingJson.Default.KeptIngest)!.LeadId;
        return await leads.GetAsync(organizationId, id) is { } lead
            ? new Keyed<IngestOutcome>(KeyUse.Replayed, new IngestOutcome(id, lead.Status, lead.Health, lead.Target, lead.RuleId))
            : null;
    }

    private static KeyedRoute RouteOf(IngestCommand command) => command.IsDelivery ? KeyedRoute.IngestClay : KeyedRoute.Ingest;

    private void Count(IngestWrite write)
    {
        shared.GateMetrics.Judged(write.Health);
        shared.Metrics.Decided(write.Audit.Action);
    }
}
