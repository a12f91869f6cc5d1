using System.Net;
using System.Net.Sockets;
using System.Text;
using LeadGrain.Gateway.Problems;

namespace LeadGrain.CrashTests.Overload;

/// <summary>One connection of a flood: ready-made requests, answers looked at no more than needed, so that the flood costs little.</summary>
internal sealed class FloodConnection : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[16 * 1024];

    internal static async Task<FloodConnection> OpenAsync(Uri url)
    {
        var connection = new FloodConnection();
        await connection._socket.ConnectAsync(IPAddress.Loopback, url.Port);
        return connection;
    }

    /// <summary>A request as it goes over the wire.</summary>
    internal static byte[] Request(string org, string path, string body) => Encoding.UTF8.GetBytes(
        $"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {GridSettings.TestKey}\r\nX-App-Id: crash\r\nX-Org-Id: {org}\r\n"
        + $"Content-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    /// <summary>Sends a request and reads its answer to the end.</summary>
    internal async Task<FloodAnswer> AskAsync(ReadOnlyMemory<byte> request)
    {
        while (!request.IsEmpty)
        {
            request = request[await _socket.SendAsync(request)..];
        }

        var length = 0;
        while (true)
        {
            var read = await _socket.ReceiveAsync(_buffer.AsMemory(length));
            if (read == 0)
            {
                throw new IOException("The host closed the connection.");
            }

            length += read;
            if (Read(_buffer.AsSpan(0, length)) is { } answer)
            {
                return answer;
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private static FloodAnswer? Read(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return null;
        }

        var head = bytes[..(end + 2)];
        var from = head.IndexOf("Content-Length: "u8) + "Content-Length: ".Length;
        var length = int.Parse(head[from..(from + head[from..].IndexOf((byte)'\r'))]);
        if (bytes.Length < end + 4 + length)
        {
            return null;
        }

        var status = int.Parse(head[9..12]);
        var body = bytes[(end + 4)..];
        return new FloodAnswer(status, head.IndexOf("Retry-After: "u8) >= 0, body.IndexOf("\"lead\":"u8) >= 0, status == 200 ? null : CodeOf(body));
    }

    private static string? CodeOf(ReadOnlySpan<byte> body)
    {
        var mark = "\"code\":\""u8;
        var from = body.IndexOf(mark);
        return from < 0 ? null : Encoding.ASCII.GetString(body[(from + mark.Length)..][..body[(from + mark.Length)..].IndexOf((byte)'"')]);
    }
}

/// <summary>What a flood looks at of an answer.</summary>
/// <param name="Status">Its status.</param>
/// <param name="SaysWhenToRetry">It has a Retry-After.</param>
/// <param name="HasLead">It hands a lead out.</param>
/// <param name="Code">A refusal's.</param>
internal readonly record struct FloodAnswer(int Status, bool SaysWhenToRetry, bool HasLead, string? Code)
{
    /// <summary>The host has too much under way.</summary>
    internal bool IsShed => this is { Status: 503, SaysWhenToRetry: true, Code: ProblemCodes.Overloaded };

    /// <summary>The organization has too much under way.</summary>
    internal bool IsThrottled => this is { Status: 429, SaysWhenToRetry: true, Code: ProblemCodes.TooManyInFlight };
}
