using System.Buffers.Binary;
using System.Text;

namespace LeadGrain.Grains.Gate;

/// <summary>The little of DNS messages (RFC 1035) that is needed to ask for one name and count what comes back.</summary>
internal static class DnsMessage
{
    internal const ushort A = 1;
    internal const ushort Mx = 15;
    internal const ushort Aaaa = 28;

    private const int HeaderLength = 12;
    private const int MaxName = 255;

    // Recursion desired; the answer's bits: response, truncated, and the code.
    private const ushort AskRecursion = 0x0100;
    private const ushort IsResponse = 0x8000;
    private const ushort IsTruncated = 0x0200;
    private const int NameError = 3;

    /// <summary>A question for one name and type.</summary>
    /// <exception cref="FormatException">Not a name.</exception>
    internal static byte[] Question(ushort id, string name, ushort type)
    {
        var message = new byte[HeaderLength + name.Length + 2 + 4];
        BinaryPrimitives.WriteUInt16BigEndian(message, id);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), AskRecursion);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(4), 1);
        var at = HeaderLength;
        foreach (var label in name.Split('.'))
        {
            if (label.Length is 0 or > 63 || name.Length > MaxName - 2 || !Ascii.IsValid(label))
            {
                throw new FormatException("Not a domain name.");
            }

            message[at++] = (byte)label.Length;
            at += Encoding.ASCII.GetBytes(label, message.AsSpan(at));
        }

        at++;
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at), type);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at + 2), 1);
        return message;
    }

    /// <summary>Reads the answer to a question; null where these bytes are not an answer to it.</summary>
    internal static DnsAnswer? Read(ReadOnlySpan<byte> message, ReadOnlySpan<byte> question, ushort type)
    {
        // The question is repeated, and must be ours, or somebody guesses at answers. Letter case may differ.
        if (message.Length < question.Length || message[0] != question[0] || message[1] != question[1]
            || BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1
            || !Ascii.EqualsIgnoreCase(message[HeaderLength..question.Length], question[HeaderLength..]))
        {
            return null;
        }

        var flags = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        if ((flags & IsResponse) == 0)
        {
            return null;
        }

        return (flags & 0xF) switch
        {
            0 when (flags & IsTruncated) != 0 => new DnsAnswer(DnsOutcome.Truncated, 0, 0),
            0 => Count(message, question.Length, BinaryPrimitives.ReadUInt16BigEndian(message[6..]), type),
            NameError => new DnsAnswer(DnsOutcome.NoSuchName, 0, 0),
            _ => new DnsAnswer(DnsOutcome.Failed, 0, 0),
        };
    }

    private static DnsAnswer Count(ReadOnlySpan<byte> message, int at, int records, ushort type)
    {
        var (found, refusals) = (0, 0);
        for (var n = 0; n < records; n++)
        {
            if (!SkipName(message, ref at) || at + 10 > message.Length)
            {
                return new DnsAnswer(DnsOutcome.Failed, 0, 0);
            }

            var isWanted = BinaryPrimitives.ReadUInt16BigEndian(message[at..]) == type;
            var length = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]);
            at += 10;
            if (at + length > message.Length)
            {
                return new DnsAnswer(DnsOutcome.Failed, 0, 0);
            }

            // A preference and the root: the domain says that it takes no mail (RFC 7505).
            var refuses = isWanted && type == Mx && length == 3 && message[at + 2] == 0;
            found += isWanted && !refuses ? 1 : 0;
            refusals += refuses ? 1 : 0;
            at += length;
        }

        return new DnsAnswer(DnsOutcome.Answered, found, refusals);
    }

    private static bool SkipName(ReadOnlySpan<byte> message, ref int at)
    {
        while (at < message.Length)
        {
            int length = message[at];
            if (length >= 0xC0)
            {
                at += 2;
                return true;
            }

            at += length + 1;
            if (length == 0)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>What a server answered.</summary>
/// <param name="Outcome">Whether it could.</param>
/// <param name="Records">Of the type that was asked for.</param>
/// <param name="Refusals">Mail hosts that are the root: none are.</param>
internal readonly record struct DnsAnswer(DnsOutcome Outcome, int Records, int Refusals);

internal enum DnsOutcome
{
    Answered,
    NoSuchName,
    Truncated,
    Failed,
}
