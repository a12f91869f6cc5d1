using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Audit;

namespace LeadGrain.GrainInterfaces.Campaigns;

/// <summary>
/// One outside campaign and its push queue. Keyed by <see cref="CampaignKey.GrainKey"/>. Every method can throw
/// <see cref="Faults.StorageUnavailableException"/> (the outcome is unknown) and <see cref="Faults.OwnershipLostException"/>
/// (nothing was done).
/// </summary>
public interface ICampaignGrain : IGrainWithStringKey
{
    /// <summary>Waits for what becomes of one lead's push, whose row is already committed.</summary>
    /// <param name="leadId">The lead.</param>
    /// <param name="wait">At most this long; zero only tells the grain that there is work.</param>
    /// <param name="cancellationToken">Ends the wait, not the push.</param>
    [AlwaysInterleave]
    Task<PushFate> AwaitPushAsync(Guid leadId, TimeSpan wait, CancellationToken cancellationToken);

    /// <summary>Tells the grain that there is work.</summary>
    [AlwaysInterleave]
    Task WakeAsync(CancellationToken cancellationToken);

    /// <summary>The campaign with its counts; null where it is not set up.</summary>
    [AlwaysInterleave]
    Task<Campaign?> GetAsync(CancellationToken cancellationToken);

    /// <summary>Sets the campaign up, or changes where its leads go. What waits is pushed there.</summary>
    /// <param name="settings">All of its settings.</param>
    /// <param name="actor">Who does so, for the audit log.</param>
    /// <param name="cancellationToken">Ends the wait, not the work.</param>
    Task<CampaignPut> PutAsync(CampaignSettings settings, Actor actor, CancellationToken cancellationToken);

    /// <summary>Removes the campaign. Its pushes wait until there is one of its id again.</summary>
    /// <returns>Whether there was one.</returns>
    Task<bool> DeleteAsync(Actor actor, CancellationToken cancellationToken);

    /// <summary>Pauses, or resumes: also what was stopped.</summary>
    /// <returns>Null where the campaign is not set up.</returns>
    Task<Campaign?> SetActiveAsync(bool active, Actor actor, CancellationToken cancellationToken);

    /// <summary>Makes held and dead pushes due at once, with all their attempts before them.</summary>
    /// <param name="leadIds">Of these leads, at most 1,000; null for all.</param>
    /// <param name="actor">Who does so, for the audit log.</param>
    /// <param name="cancellationToken">Ends the wait, not the work.</param>
    /// <returns>How many there were; null where the campaign is not set up.</returns>
    Task<long?> RetryAsync(ImmutableArray<Guid>? leadIds, Actor actor, CancellationToken cancellationToken);

    /// <summary>Makes a new signing secret of a webhook; the one before goes on signing beside it.</summary>
    /// <returns>The secret, told this once; null where the campaign is no webhook.</returns>
    Task<string?> RotateSecretAsync(Actor actor, CancellationToken cancellationToken);
}
