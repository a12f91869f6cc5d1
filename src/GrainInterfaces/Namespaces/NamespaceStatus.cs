using System.Collections.Immutable;

namespace LeadGrain.GrainInterfaces.Namespaces;

/// <summary>What an operator sees of a namespace. Counts are exact as of one snapshot of the database.</summary>
/// <param name="Name">The namespace.</param>
/// <param name="Paused">Whether it hands nothing out until resumed.</param>
/// <param name="Waiting">Leads in the buffer, those on a delay included.</param>
/// <param name="Leased">Leads handed out for a while and not yet acknowledged.</param>
/// <param name="Dead">Leads set aside after their last attempt.</param>
/// <param name="Served">Leads handed out for good, ever.</param>
/// <param name="Skipped">Buffered leads passed over because their email had been served meanwhile.</param>
/// <param name="OldestWaitingSince">When the oldest waiting lead was pushed; null with none waiting.</param>
/// <param name="LastPushAt">The newest push that buffered a lead; null before the first.</param>
/// <param name="LastPullAt">The newest pull that handed a lead out, for good or on lease, or what was last said of a lease; null before the first.</param>
[GenerateSerializer, Immutable]
public sealed record NamespaceStatus(
    string Name,
    bool Paused,
    long Waiting,
    long Leased,
    long Dead,
    long Served,
    long Skipped,
    DateTimeOffset? OldestWaitingSince,
    DateTimeOffset? LastPushAt,
    DateTimeOffset? LastPullAt);

/// <summary>A page of namespaces.</summary>
/// <param name="Namespaces">In order of name.</param>
/// <param name="HasMore">Whether more follow the last one.</param>
[GenerateSerializer, Immutable]
public sealed record NamespacePage(ImmutableArray<NamespaceStatus> Namespaces, bool HasMore);
