using System.Collections.Immutable;

namespace LeadGrain.GrainInterfaces.Audit;

/// <summary>What was done in one organization. Keyed by <see cref="Organizations.Tenant.GrainKey"/>.</summary>
public interface IAuditGrain : IGrainWithStringKey
{
    /// <summary>A page of the audit log, newest first.</summary>
    /// <exception cref="Faults.StorageUnavailableException">The database cannot be reached.</exception>
    [AlwaysInterleave]
    Task<AuditPage> ListAsync(AuditQuery query, CancellationToken cancellationToken);

    /// <summary>Notes something that is done without a change of the grid's own, such as reading what was posted.</summary>
    /// <exception cref="Faults.StorageUnavailableException">The database cannot be reached.</exception>
    [AlwaysInterleave]
    Task NoteAsync(AuditNote note, CancellationToken cancellationToken);
}

/// <summary>Something that is done. Nothing in it may name a person.</summary>
/// <param name="Actor">Who does it.</param>
/// <param name="Action">What, in <c>snake_case</c>.</param>
/// <param name="Entity">To what kind of thing.</param>
/// <param name="EntityId">Which one.</param>
/// <param name="After">Raw UTF-8 JSON of what was asked for; null for nothing.</param>
[GenerateSerializer, Immutable]
public sealed record AuditNote(Actor Actor, string Action, string Entity, string EntityId, byte[]? After);

/// <summary>Which entries are asked for; null leaves a filter out.</summary>
/// <param name="Action">Exactly this one.</param>
/// <param name="Entity">Exactly this kind.</param>
/// <param name="EntityId">Exactly this one.</param>
/// <param name="Actor">Exactly this one.</param>
/// <param name="From">At or after.</param>
/// <param name="To">Before.</param>
/// <param name="Before">The last one of the page before.</param>
/// <param name="Limit">At most this many.</param>
[GenerateSerializer, Immutable]
public sealed record AuditQuery(
    string? Action, string? Entity, string? EntityId, string? Actor, DateTimeOffset? From, DateTimeOffset? To, long? Before, int Limit);

/// <summary>A page of the audit log.</summary>
[GenerateSerializer, Immutable]
public sealed record AuditPage(ImmutableArray<AuditRecord> Entries, bool HasMore);

/// <summary>One thing that was done.</summary>
/// <param name="Id">Rises with time.</param>
/// <param name="At">When.</param>
/// <param name="Actor">Who.</param>
/// <param name="Action">What.</param>
/// <param name="Entity">To what kind of thing.</param>
/// <param name="EntityId">Which one.</param>
/// <param name="Before">Raw UTF-8 JSON; null where there was nothing.</param>
/// <param name="After">Raw UTF-8 JSON; null where there is nothing.</param>
/// <param name="Reason">Why, for people.</param>
[GenerateSerializer, Immutable]
public sealed record AuditRecord(
    long Id, DateTimeOffset At, string Actor, string Action, string Entity, string EntityId, byte[]? Before, byte[]? After, string? Reason);
