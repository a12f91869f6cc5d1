using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace LeadGrain.Grains.Gate;

/// <summary>Asks the machine's name servers, one after the other, by UDP and where an answer is too long by TCP.</summary>
/// <param name="servers">Whom to ask; empty: those that the machine is set up with.</param>
/// <param name="tries">How long each server gets.</param>
internal sealed class DnsResolver(IReadOnlyList<IPEndPoint> servers, TimeSpan tries) : IDnsResolver
{
    private const int DnsPort = 53;

    // Without EDNS an answer by UDP is no longer (RFC 1035, 4.2.1); this much is room for servers that do not count.
    private const int MaxDatagram = 4096;

    /// <inheritdoc/>
    public async Task<bool?> TakesMailAsync(string domain, CancellationToken cancellationToken)
    {
        var hosts = await AskAsync(domain, DnsMessage.Mx, cancellationToken);
        if (hosts.Outcome != DnsOutcome.Answered)
        {
            return hosts.Outcome == DnsOutcome.NoSuchName ? false : null;
        }

        if (hosts.Records > 0 || hosts.Refusals > 0)
        {
            return hosts.Records > 0;
        }

        // Mail to a domain that names no host goes to its own address (RFC 5321, 5.1).
        var address = await AskAsync(domain, DnsMessage.A, cancellationToken);
        if (address is { Outcome: DnsOutcome.Answered, Records: 0 })
        {
            address = await AskAsync(domain, DnsMessage.Aaaa, cancellationToken);
        }

        return address.Outcome switch
        {
            DnsOutcome.Answered => address.Records > 0,
            DnsOutcome.NoSuchName => false,
            _ => null,
        };
    }

    private async Task<DnsAnswer> AskAsync(string name, ushort type, CancellationToken cancellationToken)
    {
        foreach (var server in servers.Count > 0 ? servers : MachineServers())
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(tries);
            try
            {
                var answer = await AskByUdpAsync(server, name, type, limit.Token);
                answer = answer.Outcome == DnsOutcome.Truncated ? await AskByTcpAsync(server, name, type, limit.Token) : answer;
                if (answer.Outcome is DnsOutcome.Answered or DnsOutcome.NoSuchName)
                {
                    return answer;
                }
            }
            catch (Exception fault) when (fault is SocketException or IOException
                || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                // The next one, if there is one.
            }
        }

        return new DnsAnswer(DnsOutcome.Failed, 0, 0);
    }

    private static async Task<DnsAnswer> AskByUdpAsync(IPEndPoint server, string name, ushort type, CancellationToken cancellationToken)
    {
        var question = NewQuestion(name, type);
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellationToken); // so that only this server's datagrams are received
        await socket.SendAsync(question, cancellationToken);
        var answer = new byte[MaxDatagram];
        while (true)
        {
            var length = await socket.ReceiveAsync(answer, cancellationToken);
            if (DnsMessage.Read(answer.AsSpan(0, length), question, type) is { } read)
            {
                return read;
            }
        }
    }

    private static async Task<DnsAnswer> AskByTcpAsync(IPEndPoint server, string name, ushort type, CancellationToken cancellationToken)
    {
        var question = NewQuestion(name, type);
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, cancellationToken);
        await using var stream = new NetworkStream(socket);
        var framed = new byte[question.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)question.Length);
        question.CopyTo(framed, 2);
        await stream.WriteAsync(framed, cancellationToken);
        var prefix = new byte[2];
        await stream.ReadExactlyAsync(prefix, cancellationToken);
        var answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
        await stream.ReadExactlyAsync(answer, cancellationToken);
        return DnsMessage.Read(answer, question, type) ?? new DnsAnswer(DnsOutcome.Failed, 0, 0);
    }

    // A number that nobody can guess, beside the port that the system draws.
    private static byte[] NewQuestion(string name, ushort type)
        => DnsMessage.Question((ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1), name, type);

    private static List<IPEndPoint> MachineServers()
        => [.. NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(static card => card.GetIPProperties().DnsAddresses)
            .Distinct()
            .Take(3)
            .Select(static address => new IPEndPoint(address, DnsPort))];
}
