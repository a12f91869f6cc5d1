using System.Collections.Immutable;
using System.Text.Json;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Leases;
using LeadGrain.Grains.Idempotency;

namespace LeadGrain.Grains.Buffer;

/// <summary>Idempotency keys: the answer is kept by the commit that it answers for, and given again to a repeat.</summary>
internal sealed partial class NamespaceGrain
{
    /// <summary>Answers a request, or gives the answer again that it had before.</summary>
    private async Task<Keyed<T>> AnswerOnceAsync<T>(
        KeyedRoute route, RequestKey key, Func<bool, Task<Keyed<T>>> answer, Func<byte[], Task<T?>> replay)
        where T : class
    {
        ThrowIfEnded();
        if (!keys.InUse.TryTake(_key.Tenant, route, key, out var body))
        {
            return new(IsSame(key, body) ? KeyUse.InProgress : KeyUse.TakenByOther, null);
        }

        try
        {
            if (_claimed is not { } claimed || await keys.FindAsync(new KeyQuery(claimed.OrganizationId, route, key.Key)) is not { } found)
            {
                return await answer(false);
            }

            return !IsSame(key, found.Body) ? new(KeyUse.TakenByOther, null)
                : await replay(found.Answer) is { } replayed ? new(KeyUse.Replayed, replayed)
                : await answer(true);
        }
        finally
        {
            keys.InUse.Release(_key.Tenant, route, key);
        }
    }

    private async Task<PullOutcome?> ReplayPullAsync(byte[] answer)
    {
        var kept = JsonSerializer.Deserialize(answer, KeptAnswers.Default.KeptPull)!.Leads.ToDictionary(lead => lead.Seq);
        var read = await store.ReadHandedOutAsync(_claimed!.Id, kept.Values, _origins);

        // A lease leaves no trace where its email had been served, where its lead died and was revived since, and where it was given
        // back and its email served by another since.
        var untraced = read.Where(one => !one.HasTrace && kept[one.Lead.Seq].Lease is not null)
            .Select(one => (EmailKey.Of(one.Lead.Lead.Email), kept[one.Lead.Seq].Lease!.Id)).ToArray();
        var served = untraced.Length > 0 ? await store.FindServedBeforeAsync(_claimed.Id, untraced) : [];
        var leads = read
            .Where(one => one.HasTrace || (kept[one.Lead.Seq].Lease is not null && !served.Contains(EmailKey.Of(one.Lead.Lead.Email))))
            .Select(one => new PulledLead(one.Lead.Lead, one.Lead.Origin, kept[one.Lead.Seq].Lease))
            .ToImmutableArray();
        return leads.IsEmpty ? null : new PullOutcome.Served(leads);
    }

    private static Task<PushOutcome?> ReplayPushAsync(byte[] answer)
        => Task.FromResult(JsonSerializer.Deserialize(answer, KeptAnswers.Default.PushOutcome));

    private async Task<LeaseOutcomes?> ReplayLeasesAsync(byte[] answer)
    {
        var (leases, servedIds) = JsonSerializer.Deserialize(answer, KeptAnswers.Default.KeptLeases)!;
        if (servedIds is null)
        {
            return new LeaseOutcomes(leases);
        }

        var served = await store.FindServedAsync(_claimed!.Id, [.. servedIds.OfType<Guid>()]);
        return new LeaseOutcomes(
            [.. leases.Select((outcome, n) => servedIds[n] is { } id && !served.Contains(id) ? new LeaseOutcome(LeaseFate.NotHeld) : outcome)]);
    }

    private static bool IsSame(RequestKey key, byte[] body) => body.AsSpan().SequenceEqual(key.Body);
}
