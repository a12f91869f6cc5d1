namespace LeadGrain.Gateway.Namespaces;

/// <summary>A page of namespaces, by name.</summary>
/// <param name="Namespaces">The page.</param>
/// <param name="Next">To be given as <c>next</c> for the following page; null at the end.</param>
public sealed record NamespacesResponse(IReadOnlyList<NamespaceResponse> Namespaces, string? Next);

/// <summary>A namespace's counts, exact as of one moment. Times are UTC.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Waiting">Leads in the buffer.</param>
/// <param name="Served">Leads handed out, ever.</param>
/// <param name="Skipped">Buffered leads passed over because their email had been served meanwhile.</param>
/// <param name="OldestWaitingSince">When the oldest waiting lead was pushed; null with none waiting.</param>
/// <param name="OldestWaitingAgeSeconds">How long it has waited, in whole seconds; null with none waiting.</param>
/// <param name="LastPushAt">The newest push that buffered a lead; null before the first.</param>
/// <param name="LastPullAt">The newest pull that handed a lead out; null before the first.</param>
public sealed record NamespaceResponse(
    string Namespace,
    long Waiting,
    long Served,
    long Skipped,
    DateTimeOffset? OldestWaitingSince,
    long? OldestWaitingAgeSeconds,
    DateTimeOffset? LastPushAt,
    DateTimeOffset? LastPullAt);
