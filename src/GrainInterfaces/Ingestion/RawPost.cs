namespace LeadGrain.GrainInterfaces.Ingestion;

/// <summary>A post as it came in, looked at by nobody yet.</summary>
/// <param name="Body">The bytes on the wire, at most <see cref="MaxBytes"/>: still compressed where they came so.</param>
/// <param name="ContentType">Content-Type as given.</param>
/// <param name="ContentEncoding">Content-Encoding as given.</param>
/// <param name="Headers">A JSON object in UTF-8 of the headers that cannot hold a secret.</param>
/// <param name="RemoteAddress">Of the connection.</param>
/// <param name="RequestId">Of the request.</param>
/// <param name="Key">Makes repeats one lead; at most 255 printable characters. Null: every post is a lead.</param>
/// <param name="Query">Of its URL, without the question mark, as given; null where there is none.</param>
/// <param name="Id">Its place in the raw log, so that committing it twice is committing it once. Null: whoever commits it chooses one.</param>
[GenerateSerializer, Immutable]
public sealed record RawPost(
    byte[] Body, string? ContentType, string? ContentEncoding, byte[] Headers, string? RemoteAddress, string RequestId, string? Key, string? Query = null, Guid? Id = null)
{
    /// <summary>The largest body, compressed and not.</summary>
    public const int MaxBytes = 1024 * 1024;
}

/// <summary>What became of a post: <see cref="Created"/>, <see cref="Repeated"/> or <see cref="Invalid"/>.</summary>
[GenerateSerializer, Immutable]
public abstract record PostOutcome
{
    private protected PostOutcome()
    {
    }

    /// <summary>It is committed, and is a lead, or will be one under this id.</summary>
    [GenerateSerializer, Immutable]
    public sealed record Created(Guid LeadId) : PostOutcome;

    /// <summary>Its key was used before, for this lead. It is committed nevertheless.</summary>
    /// <param name="LeadId">The first one's.</param>
    /// <param name="OtherBytes">Whether its body was another one.</param>
    [GenerateSerializer, Immutable]
    public sealed record Repeated(Guid LeadId, bool OtherBytes) : PostOutcome;

    /// <summary>It is committed, and no lead can be made of it.</summary>
    /// <param name="RawId">In the raw log.</param>
    /// <param name="Reason">In a word; holds nothing of the body.</param>
    [GenerateSerializer, Immutable]
    public sealed record Invalid(Guid RawId, string Reason) : PostOutcome;
}
