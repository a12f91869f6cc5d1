using System.Text;

namespace LeadGrain.CrashTests.Fuzz;

/// <summary>A request as it goes out.</summary>
internal sealed record FuzzRequest(int Index, ApiOperation Operation, byte[] Bytes)
{
    // Enough of a request to see what it was; the rest comes by its seed and index.
    private const int ShownBytes = 3_000;

    internal required Delivery Delivery { get; init; }

    /// <summary>Nothing was done to it: the host must take it.</summary>
    internal bool IsPlain => Mutations.Count == 0;

    /// <summary>Its path and method are the operation's own.</summary>
    internal required bool OnRoute { get; init; }

    /// <summary>The X-Request-Id that must come back; null: any.</summary>
    internal string? RequestId { get; init; }

    internal required IReadOnlyList<string> Mutations { get; init; }

    internal bool IsHead => Bytes.AsSpan().StartsWith("HEAD "u8);

    public override string ToString()
    {
        var text = new StringBuilder($"request {Index} ({Operation}; {Delivery}; {string.Join(", ", Mutations)}), {Bytes.Length} bytes:\n");
        foreach (var b in Bytes.Take(ShownBytes))
        {
            text.Append(b is >= (byte)' ' and <= (byte)'~' and not (byte)'\\' ? $"{(char)b}" : b == '\n' ? "\\n\n" : $"\\x{b:x2}");
        }

        return text.Append(Bytes.Length > ShownBytes ? " …" : "").ToString();
    }
}

/// <summary>How a request is sent.</summary>
internal enum Delivery
{
    /// <summary>On a connection that is kept; an answer must come.</summary>
    Kept,

    /// <summary>The same, byte groups apart.</summary>
    InPieces,

    /// <summary>On a connection of its own: an answer, the connection's end or silence.</summary>
    Wire,

    /// <summary>Cut off by the caller, before or behind its end, in silence or with a reset.</summary>
    Abandoned,
}
