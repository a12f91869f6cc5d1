using System.Collections.Immutable;

namespace LeadGrain.GrainInterfaces.Namespaces;

/// <summary>What an operator sees of a namespace. Counts are exact as of one snapshot of the database.</summary>
/// <param name="Name">The namespace.</param>
/// <param name="Waiting">Leads in the buffer.</param>
/// <param name="Served">Leads handed out, ever.</param>
/// <param name="Skipped">Buffered leads passed over because their email had been served meanwhile.</param>
/// <param name="OldestWaitingSince">When the oldest waiting lead was pushed; null with none waiting.</param>
/// <param name="LastPushAt">The newest push that buffered a lead; null before the first.</param>
/// <param name="LastPullAt">The newest pull that handed a lead out; null before the first.</param>
[GenerateSerializer, Immutable]
public sealed record NamespaceStatus(
    string Name,
    long Waiting,
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
