using System.Buffers.Binary;
using System.Security.Cryptography;

namespace LeadGrain.Grains.Buffer;

/// <summary>
/// Makes UUIDs of version 7 that rise strictly within the process, also within a millisecond and when the clock steps back:
/// the 12 bits behind the milliseconds count (RFC 9562, 6.2, method 1). That alone keeps those of one process apart; the
/// random rest is drawn once and keeps processes apart.
/// </summary>
internal sealed class RisingIds
{
    private const int CounterBits = 12;

    private readonly ulong _process = DrawRandom();
    private long _last;

    /// <summary>Makes all further identifiers greater than one that another process may have made by a faster clock.</summary>
    internal void RiseAbove(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        var high = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        var seen = (long)((high >> 16 << CounterBits) | (high & 0xFFF));
        long last;
        while ((last = Interlocked.Read(ref _last)) < seen && Interlocked.CompareExchange(ref _last, seen, last) != last)
        {
        }
    }

    /// <summary>The next identifier for this instant.</summary>
    internal Guid Next(DateTimeOffset now)
    {
        var floor = now.ToUnixTimeMilliseconds() << CounterBits;
        long last, next;
        do
        {
            last = Interlocked.Read(ref _last);
            next = Math.Max(last + 1, floor);
        }
        while (Interlocked.CompareExchange(ref _last, next, last) != last);

        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, (next >> CounterBits) << 16);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[6..], (ushort)(0x7000 | (next & 0xFFF)));
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], _process);
        return new Guid(bytes, bigEndian: true);
    }

    private static ulong DrawRandom()
    {
        const ulong Variant = 0b10UL << 62;
        return Variant | (BinaryPrimitives.ReadUInt64BigEndian(RandomNumberGenerator.GetBytes(8)) >> 2);
    }
}
