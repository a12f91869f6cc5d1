using System.Buffers.Binary;

namespace LeadGrain.Grains.Storage;

/// <summary>What time means in UUIDs of version 7, whose order is that of time.</summary>
internal static class TimeIds
{
    /// <summary>Not greater than any identifier that was made at this instant or later.</summary>
    internal static Guid FloorOf(DateTimeOffset instant)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        BinaryPrimitives.WriteInt64BigEndian(bytes, Math.Max(0, instant.ToUnixTimeMilliseconds()) << 16);
        return new Guid(bytes, bigEndian: true);
    }
}
