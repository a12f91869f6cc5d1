using System.Collections.Immutable;

namespace LeadGrain.GrainInterfaces.Ingestion;

/// <summary>What became of an entry of the raw log.</summary>
public static class RawStates
{
    /// <summary>Not finished yet.</summary>
    public const string Pending = "pending";

    /// <summary>A lead.</summary>
    public const string Stored = "stored";

    /// <summary>A repeat of a lead under the same key.</summary>
    public const string Duplicate = "duplicate";

    /// <summary>Another body under the key of a lead.</summary>
    public const string Conflict = "conflict";

    /// <summary>No lead can be made of it.</summary>
    public const string Invalid = "invalid";

    /// <summary>No lead could be made of it, or none written, several times: the database refused it, or the fault is ours.</summary>
    public const string Failed = "failed";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Pending, Stored, Duplicate, Conflict, Invalid, Failed];
}

/// <summary>Which entries to list. Null filters match everything.</summary>
/// <param name="State">One of <see cref="RawStates"/>.</param>
/// <param name="From">Received at or after this instant.</param>
/// <param name="To">Received before this instant.</param>
/// <param name="Before">Entries older than this one.</param>
/// <param name="Limit">At most this many, 1 to 1000.</param>
[GenerateSerializer, Immutable]
public sealed record RawQuery(string? State, DateTimeOffset? From, DateTimeOffset? To, Guid? Before, int Limit);

/// <summary>An entry of the raw log without its bytes.</summary>
/// <param name="Id">Identifier, ordered by time (UUID version 7).</param>
/// <param name="ReceivedAt">When it came, to the millisecond.</param>
/// <param name="State">One of <see cref="RawStates"/>.</param>
/// <param name="Reason">Why, where there is something to say.</param>
/// <param name="LeadId">The lead that it is or repeats.</param>
/// <param name="ContentType">As given.</param>
/// <param name="ContentEncoding">As given.</param>
/// <param name="Bytes">Length of the body as received.</param>
/// <param name="RequestId">Of the request.</param>
[GenerateSerializer, Immutable]
public sealed record RawEntry(
    Guid Id,
    DateTimeOffset ReceivedAt,
    string State,
    string? Reason,
    Guid? LeadId,
    string? ContentType,
    string? ContentEncoding,
    int Bytes,
    string RequestId);

/// <summary>A page of the raw log, newest first.</summary>
[GenerateSerializer, Immutable]
public sealed record RawPage(ImmutableArray<RawEntry> Entries, bool HasMore);

/// <summary>An entry of the raw log with its bytes.</summary>
/// <param name="Entry">What is known of it.</param>
/// <param name="Post">As it came in.</param>
[GenerateSerializer, Immutable]
public sealed record RawDocument(RawEntry Entry, RawPost Post);

/// <summary>Which entries to normalize anew. All that is given must hold.</summary>
/// <param name="From">Received at or after this instant; null: any.</param>
/// <param name="To">Received before this instant; null: before the job was asked for.</param>
/// <param name="States">Of <see cref="RawStates"/>; empty: any.</param>
/// <param name="Ids">Of entries; empty: any.</param>
[GenerateSerializer, Immutable]
public sealed record ReplayCommand(DateTimeOffset? From, DateTimeOffset? To, ImmutableArray<string> States, ImmutableArray<Guid> Ids);
