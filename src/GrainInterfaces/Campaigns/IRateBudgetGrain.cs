using System.Collections.Immutable;

namespace LeadGrain.GrainInterfaces.Campaigns;

/// <summary>
/// The requests that one API key may make, over all campaigns and processes. Keyed by a hash of the service and the key.
/// A request counts from its permit until a window's length after its answer, so that whenever within that time the service
/// counted it, no window of the service's holds more than the limit.
/// </summary>
public interface IRateBudgetGrain : IGrainWithStringKey
{
    /// <summary>Asks for one request.</summary>
    /// <param name="campaign">Who asks: its limits take the place of those that it named before.</param>
    /// <param name="limits">What the key allows, as the campaign has it. Those of all campaigns hold, and those of one organization for it.</param>
    /// <param name="longest">After this long the request has surely ended, even if nobody says so.</param>
    /// <param name="cancellationToken">Ends the wait, not the permit.</param>
    Task<RatePermit> TakeAsync(string campaign, ImmutableArray<RateLimit> limits, TimeSpan longest, CancellationToken cancellationToken);

    /// <summary>The request has ended, with an answer or without.</summary>
    /// <param name="permit">By which it was made.</param>
    /// <param name="blockFor">How long the service wants not to be asked; null where it did not say so.</param>
    /// <param name="cancellationToken">Ends the wait, not the work.</param>
    Task EndAsync(Guid permit, TimeSpan? blockFor, CancellationToken cancellationToken);
}

/// <summary>So many requests in any window.</summary>
/// <param name="Requests">How many.</param>
/// <param name="Window">How long it is.</param>
/// <param name="Of">The organization whose requests are counted, and no others are held up; null: all of the key's.</param>
[GenerateSerializer, Immutable]
public readonly record struct RateLimit(int Requests, TimeSpan Window, string? Of = null);

/// <summary>A permit to make one request now, or how long to wait before asking again.</summary>
/// <param name="Id">The permit; null: none.</param>
/// <param name="Wait">Where there is none.</param>
[GenerateSerializer, Immutable]
public readonly record struct RatePermit(Guid? Id, TimeSpan Wait);
