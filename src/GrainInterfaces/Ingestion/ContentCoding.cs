using System.IO.Compression;

namespace LeadGrain.GrainInterfaces.Ingestion;

/// <summary>Takes Content-Encoding off a body, within a limit.</summary>
public static class ContentCoding
{
    private const int Chunk = 64 * 1024;

    /// <summary>Whether a body is as it came.</summary>
    public static bool IsPlain(string? encoding) => string.IsNullOrWhiteSpace(encoding) || Is(encoding, "identity");

    /// <summary>The body without its encoding (gzip, br), or why there is none.</summary>
    /// <param name="body">As received.</param>
    /// <param name="encoding">Content-Encoding.</param>
    /// <param name="limit">The most bytes that are made of it.</param>
    /// <param name="decoded">The result.</param>
    public static DecodeResult TryDecode(byte[] body, string? encoding, int limit, out ReadOnlyMemory<byte> decoded)
    {
        decoded = body;
        if (IsPlain(encoding))
        {
            return body.Length <= limit ? DecodeResult.Decoded : DecodeResult.TooLarge;
        }

        using var compressed = new MemoryStream(body, writable: false);
        using var source = Open(compressed, encoding);
        if (source is null)
        {
            return DecodeResult.Unknown;
        }

        try
        {
            return Read(source, limit, out decoded);
        }
        catch (Exception broken) when (IsBroken(broken) || broken is IOException)
        {
            return DecodeResult.Broken;
        }
    }

    /// <summary>A body without its encoding, unpacked as it is read; null where the encoding is not known.</summary>
    public static Stream? Open(Stream body, string? encoding)
        => IsPlain(encoding) ? body
            : Is(encoding!, "gzip") || Is(encoding!, "x-gzip") ? new GZipStream(body, CompressionMode.Decompress)
            : Is(encoding!, "br") ? new BrotliStream(body, CompressionMode.Decompress)
            : null;

    /// <summary>Whether a read of such a body failed because its bytes are not what the encoding says.</summary>
    public static bool IsBroken(Exception fault)
        => fault is InvalidDataException or InvalidOperationException { Source: "System.IO.Compression.Brotli" };

    // No more than a chunk beyond the limit is ever made, however much a small body would unfold to.
    private static DecodeResult Read(Stream source, int limit, out ReadOnlyMemory<byte> decoded)
    {
        using var plain = new MemoryStream();
        var chunk = new byte[Chunk];
        int read;
        while ((read = source.Read(chunk)) > 0)
        {
            plain.Write(chunk, 0, read);
            if (plain.Length > limit)
            {
                decoded = default;
                return DecodeResult.TooLarge;
            }
        }

        decoded = plain.GetBuffer().AsMemory(0, (int)plain.Length);
        return DecodeResult.Decoded;
    }

    private static bool Is(string encoding, string name) => encoding.AsSpan().Trim().Equals(name, StringComparison.OrdinalIgnoreCase);
}

/// <summary>What became of a body's encoding.</summary>
public enum DecodeResult
{
    /// <summary>It is off.</summary>
    Decoded,

    /// <summary>More than the limit came out.</summary>
    TooLarge,

    /// <summary>The bytes are not what the encoding says.</summary>
    Broken,

    /// <summary>An encoding that is not known here.</summary>
    Unknown,
}
