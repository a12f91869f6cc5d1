using System.Security.Cryptography;
using LeadGrain.GrainInterfaces.Ingestion;

namespace LeadGrain.Grains.Ingestion;

/// <summary>A post with its place in the raw log.</summary>
/// <param name="OrganizationId">Row of organizations.</param>
/// <param name="Id">Of the entry, and of the lead that it may become.</param>
/// <param name="ReceivedAt">The milliseconds of the id.</param>
/// <param name="Post">As it came in.</param>
internal sealed record RawRow(long OrganizationId, Guid Id, DateTime ReceivedAt, RawPost Post)
{
    // A commit counts rows; a large body counts as many, so that a commit holds some 8 MB at most, and as much of what is made of it. A
    // packed one may unfold to the largest.
    private const int BytesOfOne = 16 * 1024;

    // Of gzip: DEFLATE has 258 bytes in two bits at best (RFC 1951). Brotli has no such bound.
    private const int MostUnfolding = 1032;

    private byte[]? _hash;

    /// <summary>What it takes of a commit.</summary>
    internal int Weight => 1 + (MostBytes / BytesOfOne);

    // Unfolded.
    private int MostBytes => ContentCoding.IsPlain(Post.ContentEncoding) ? Post.Body.Length
        : string.Equals(Post.ContentEncoding, "gzip", StringComparison.OrdinalIgnoreCase) ? (int)Math.Min(RawPost.MaxBytes, (long)Post.Body.Length * MostUnfolding)
        : RawPost.MaxBytes;

    /// <summary>SHA-256 of the body as received.</summary>
    internal byte[] BodyHash => _hash ??= SHA256.HashData(Post.Body);
}

/// <summary>Who has a key.</summary>
/// <param name="LeadId">The first one's id.</param>
/// <param name="BodyHash">Of the first one's body.</param>
internal sealed record KeyClaim(Guid LeadId, byte[] BodyHash);

/// <summary>What is to be written of a raw row: a <see cref="Lead"/>, a <see cref="Repeat"/>, <see cref="Invalid"/>, <see cref="Failed"/>, or nothing yet
/// (<see cref="Open"/>).</summary>
internal abstract record Verdict
{
    private Verdict()
    {
    }

    /// <summary>A lead, under the row's own id.</summary>
    internal sealed record Lead(Normalized.Lead Made) : Verdict;

    /// <summary>A repeat of another row under its key.</summary>
    internal sealed record Repeat(Guid LeadId, bool OtherBytes, Normalized.Lead Made) : Verdict;

    /// <summary>No lead.</summary>
    internal sealed record Invalid(string Reason) : Verdict;

    /// <summary>It is set aside: making a lead of it failed, or the database refuses what was made of it.</summary>
    internal sealed record Failed(string Reason) : Verdict;

    /// <summary>Making a lead of it failed, for a fault of ours; it is tried again.</summary>
    /// <param name="Reason">In a word; holds nothing of the body.</param>
    /// <param name="Told">What its caller is told; null where that is not certain.</param>
    internal sealed record Open(string Reason, PostOutcome? Told) : Verdict;

    /// <summary>Decides. Who has the key wins; a body of which no lead can be made neither wins nor repeats.</summary>
    internal static Verdict Of(RawRow row, KeyClaim? claim, Normalized normalized) => normalized switch
    {
        Normalized.Invalid invalid => new Invalid(invalid.Reason),
        Normalized.Lead lead when claim is null || claim.LeadId == row.Id => new Lead(lead),
        Normalized.Lead lead => new Repeat(claim!.LeadId, HasOtherBytes(row, claim), lead),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    /// <summary>Decides as far as that can be without knowing whether a lead can be made of it.</summary>
    internal static Open OfFault(RawRow row, KeyClaim? claim, Exception fault) => new(
        $"fault {fault.GetType().Name}",
        row.Post.Key is null || claim?.LeadId == row.Id ? new PostOutcome.Created(row.Id)
            : claim is null ? null
            : new PostOutcome.Repeated(claim.LeadId, HasOtherBytes(row, claim)));

    /// <summary>What its caller is told; null where that is not certain.</summary>
    internal PostOutcome? Outcome(Guid id) => this switch
    {
        Open open => open.Told,
        Lead => new PostOutcome.Created(id),
        Repeat repeat => new PostOutcome.Repeated(repeat.LeadId, repeat.OtherBytes),
        Invalid invalid => new PostOutcome.Invalid(id, invalid.Reason),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static bool HasOtherBytes(RawRow row, KeyClaim claim) => !row.BodyHash.AsSpan().SequenceEqual(claim.BodyHash);
}

/// <summary>A raw row and what is to be written of it.</summary>
internal readonly record struct Settled(RawRow Row, Verdict Verdict);
