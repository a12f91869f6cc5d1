namespace LeadGrain.Gateway.Namespaces;

/// <summary>A page of namespaces, by name.</summary>
/// <param name="Namespaces">The page.</param>
/// <param name="Next">To be given as <c>next</c> for the following page; null at the end.</param>
public sealed record NamespacesResponse(IReadOnlyList<NamespaceResponse> Namespaces, string? Next);

/// <summary>A namespace's counts, exact as of one moment. Times are UTC.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Paused">Whether it hands nothing out until it is resumed.</param>
/// <param name="Waiting">Leads in the buffer, those on a delay included.</param>
/// <param name="Leased">Leads handed out for a while and not yet acknowledged.</param>
/// <param name="Dead">Leads set aside after their last attempt.</param>
/// <param name="Served">Leads handed out for good, ever.</param>
/// <param name="Skipped">Buffered leads passed over because their email had been served meanwhile.</param>
/// <param name="OldestWaitingSince">When the oldest waiting lead was pushed; null with none waiting.</param>
/// <param name="OldestWaitingAgeSeconds">How long it has waited, in whole seconds; null with none waiting.</param>
/// <param name="LastPushAt">The newest push that buffered a lead; null before the first.</param>
/// <param name="LastPullAt">The newest pull that handed a lead out, for good or on lease, or what was last said of a lease; null before the first.</param>
public sealed record NamespaceResponse(
    string Namespace,
    bool Paused,
    long Waiting,
    long Leased,
    long Dead,
    long Served,
    long Skipped,
    DateTimeOffset? OldestWaitingSince,
    long? OldestWaitingAgeSeconds,
    DateTimeOffset? LastPushAt,
    DateTimeOffset? LastPullAt);

/// <summary>Whether a namespace hands leads out.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Paused">True: nothing, until it is resumed.</param>
public sealed record PausedResponse(string Namespace, bool Paused);
