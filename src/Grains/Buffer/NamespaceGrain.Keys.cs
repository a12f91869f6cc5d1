using System.Text.Json;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Leases;
using LeadGrain.Grains.Idempotency;

namespace LeadGrain.Grains.Buffer;

/// <summary>Idempotency keys: the answer is kept by the commit that it answers for, and given again to a repeat.</summary>
internal sealed partial class NamespaceGrain
{
    private readonly Dictionary<(KeyedRoute, string), byte[]> _keysInUse = [];

    /// <summary>Answers a request, or gives the answer again that it had before.</summary>
    private async Task<Keyed<T>> AnswerOnceAsync<T>(
        KeyedRoute route, RequestKey key, Func<Task<Keyed<T>>> answer, Func<byte[], Task<T>> replay)
        where T : class
    {
        ThrowIfEnded();
        if (!_keysInUse.TryAdd((route, key.Key), key.Body))
        {
            return new(IsSame(key, _keysInUse[(route, key.Key)]) ? KeyUse.InProgress : KeyUse.TakenByOther, null);
        }

        try
        {
            return _claimed is { } claimed && await keys.FindAsync(new KeyQuery(claimed.OrganizationId, route, key.Key)) is { } found
                ? IsSame(key, found.Body) ? new(KeyUse.Replayed, await replay(found.Answer)) : new(KeyUse.TakenByOther, null)
                : await answer();
        }
        finally
        {
            _keysInUse.Remove((route, key.Key));
        }
    }

    private async Task<PullOutcome> ReplayPullAsync(byte[] answer)
    {
        var kept = JsonSerializer.Deserialize(answer, KeptAnswers.Default.KeptPull)!.Leads.ToDictionary(lead => lead.Seq);
        var leads = await store.ReadHandedOutAsync(_claimed!.Id, kept.Values, _origins);
        return leads.Count > 0
            ? new PullOutcome.Served([.. leads.Select(lead => new PulledLead(lead.Lead, lead.Origin, kept[lead.Seq].Lease))])
            : PullOutcome.Empty.Value;
    }

    private static Task<PushOutcome> ReplayPushAsync(byte[] answer)
        => Task.FromResult(JsonSerializer.Deserialize(answer, KeptAnswers.Default.PushOutcome)!);

    private async Task<LeaseOutcomes> ReplayLeasesAsync(byte[] answer)
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
