using System.Buffers.Binary;
using System.Security.Cryptography;

namespace LeadGrain.Grains.Buffer;

/// <summary>
/// Makes UUIDs of version 7 that rise strictly within the process, also within a millisecond and when the clock steps back:
/// the 12 bits behind the milliseconds count (RFC 9562, 6.2, method 1).
/// </summary>
internal sealed class ServedLeadIds
{
    private const int CounterBits = 12;

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
        RandomNumberGenerator.Fill(bytes[8..]);
        bytes[8] = (byte)(0x80 | (bytes[8] & 0x3F));
        return new Guid(bytes, bigEndian: true);
    }
}
