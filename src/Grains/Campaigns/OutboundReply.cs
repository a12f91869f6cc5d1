using System.Net;

namespace LeadGrain.Grains.Campaigns;

/// <summary>What came of one HTTP request: <see cref="Answered"/>, <see cref="Lost"/>.</summary>
internal abstract record OutboundReply
{
    private OutboundReply()
    {
    }

    /// <summary>An answer.</summary>
    /// <param name="Status">Its status.</param>
    /// <param name="Body">All of it, within the limit; empty where it was not to be read.</param>
    /// <param name="RetryAfter">From the header.</param>
    internal sealed record Answered(HttpStatusCode Status, ReadOnlyMemory<byte> Body, TimeSpan? RetryAfter) : OutboundReply;

    /// <summary>No answer, or not all of it: what was asked may or may not have been done.</summary>
    internal sealed record Lost(string Why) : OutboundReply;
}
