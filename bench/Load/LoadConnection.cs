using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;

namespace LeadGrain.Bench.Load;

/// <summary>One kept-alive connection with at most one request under way.</summary>
internal sealed class LoadConnection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _answer = new byte[64 * 1024];
    private readonly int _descriptor;
    private byte[] _unsent = [];
    private int _unsentCount;
    private int _received;

    internal LoadConnection(int port)
    {
        _socket.SendBufferSize = 512 * 1024;
        _socket.Connect(IPAddress.Loopback, port);
        _descriptor = (int)_socket.Handle;
    }

    internal enum Answer
    {
        /// <summary>Not all of it is there.</summary>
        Partly,
        Expected,
        Unexpected,
        Failed,
        Broken,
    }

    internal int Descriptor => _descriptor;

    /// <summary>When the request under way was sent or, in an open loop, should have been; a timestamp.</summary>
    internal long Started { get; set; }

    internal bool HasUnsent => _unsentCount > 0;

    /// <summary>The last answer, as text.</summary>
    internal string Text => System.Text.Encoding.UTF8.GetString(_answer, 0, _received);

    /// <summary>Sends a request, or as much as goes; <see cref="HasUnsent"/> tells.</summary>
    internal void Send(ReadOnlySpan<byte> request)
    {
        _received = 0;
        var sent = Math.Max(0, Epoll.Send(_descriptor, request));
        if (sent < request.Length)
        {
            _unsent = request[sent..].ToArray();
            _unsentCount = _unsent.Length;
        }
    }

    internal void SendRest()
    {
        var sent = Epoll.Send(_descriptor, _unsent.AsSpan(_unsent.Length - _unsentCount, _unsentCount));
        _unsentCount = sent < 0 ? 0 : _unsentCount - sent;
    }

    /// <summary>Reads what came.</summary>
    internal Answer Receive(ReadOnlySpan<byte> expected)
    {
        var got = Epoll.Receive(_descriptor, _answer.AsSpan(_received));
        if (got < 0)
        {
            return Answer.Broken;
        }

        _received += got;
        var answer = _answer.AsSpan(0, _received);
        var head = answer.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return Answer.Partly;
        }

        var body = answer[(head + 4)..];
        if (body.Length < LengthIn(answer[..head]))
        {
            return Answer.Partly;
        }

        // HTTP/1.1 200, or 201 of a lead
        return answer[9] != (byte)'2' ? Answer.Failed
            : body.StartsWith(expected) ? Answer.Expected
            : Answer.Unexpected;
    }

    public void Dispose() => _socket.Dispose();

    private static int LengthIn(ReadOnlySpan<byte> head)
    {
        var name = "Content-Length: "u8;
        var at = head.IndexOf(name);
        return at >= 0 && Utf8Parser.TryParse(head[(at + name.Length)..], out int length, out _)
            ? length
            : throw new InvalidDataException("An answer has no Content-Length.");
    }
}
