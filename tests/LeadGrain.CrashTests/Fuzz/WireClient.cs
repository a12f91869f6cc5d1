using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LeadGrain.CrashTests.Fuzz;

/// <summary>A connection that sends any bytes and reads answers of HTTP/1.1 strictly.</summary>
internal sealed class WireClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    private WireClient()
    {
    }

    internal static async Task<WireClient> ConnectAsync(int port)
    {
        var client = new WireClient();
        try
        {
            await client._socket.ConnectAsync(IPAddress.Loopback, port);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>The request before, which may be why this one is answered as it is.</summary>
    internal FuzzRequest? Previous { get; set; }

    /// <summary>More has come than was read.</summary>
    internal bool HasMore => _start < _end;

    public void Dispose() => _socket.Dispose();

    /// <summary>Ends the connection with a reset instead of a farewell.</summary>
    internal void Reset() => _socket.Close(timeout: 0);

    /// <summary>Sends until all is sent, or until the other side has had enough.</summary>
    internal async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            while (!bytes.IsEmpty)
            {
                bytes = bytes[await _socket.SendAsync(bytes, cancellationToken)..];
            }
        }
        catch (Exception ended) when (ended is SocketException or OperationCanceledException)
        {
            // It may have answered before it read all; reading tells.
        }
    }

    /// <summary>Reads one answer.</summary>
    /// <returns>Null where the connection ended before one came.</returns>
    /// <exception cref="FormatException">What came is none, or half of one.</exception>
    internal async Task<HttpAnswer?> ReadAsync(bool isHead, CancellationToken cancellationToken)
    {
        while (true)
        {
            int length;
            while ((length = _buffer.AsSpan(_start.._end).IndexOf("\r\n\r\n"u8)) < 0)
            {
                if (!await FillAsync(cancellationToken))
                {
                    return _start == _end ? null : throw new FormatException($"Half an answer: {Encoding.Latin1.GetString(_buffer.AsSpan(_start.._end))}");
                }
            }

            var answer = HttpAnswer.ReadHead(_buffer.AsSpan(_start, length));
            _start += length + 4;
            if (answer.Status >= 200)
            {
                return isHead || answer.IsEndless || answer.Status is 204 or 304 ? answer : answer with { Body = await ReadBodyAsync(answer, cancellationToken) };
            }
        }
    }

    private async Task<byte[]> ReadBodyAsync(HttpAnswer answer, CancellationToken cancellationToken)
    {
        if (answer.Header("Content-Length") is { } said)
        {
            return await TakeAsync(int.Parse(said, NumberStyles.None, CultureInfo.InvariantCulture), cancellationToken);
        }

        var body = new List<byte>();
        if (answer.Header("Transfer-Encoding") == "chunked")
        {
            while (int.Parse(await LineAsync(cancellationToken), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture) is > 0 and var size)
            {
                body.AddRange(await TakeAsync(size, cancellationToken));
                await LineAsync(cancellationToken);
            }

            await LineAsync(cancellationToken);
            return [.. body];
        }

        if (!answer.Closes)
        {
            throw new FormatException($"An answer of unknown length: {answer}");
        }

        while (await FillAsync(cancellationToken))
        {
        }

        return await TakeAsync(_end - _start, cancellationToken);
    }

    private async Task<byte[]> TakeAsync(int length, CancellationToken cancellationToken)
    {
        while (_end - _start < length)
        {
            if (!await FillAsync(cancellationToken))
            {
                throw new FormatException($"Of {length} bytes only {_end - _start} came: {Encoding.Latin1.GetString(_buffer.AsSpan(_start.._end))}");
            }
        }

        var bytes = _buffer.AsSpan(_start, length).ToArray();
        _start += length;
        return bytes;
    }

    private async Task<string> LineAsync(CancellationToken cancellationToken)
    {
        int length;
        while ((length = _buffer.AsSpan(_start.._end).IndexOf("\r\n"u8)) < 0)
        {
            if (!await FillAsync(cancellationToken))
            {
                throw new FormatException("A chunked answer without an end.");
            }
        }

        var line = Encoding.Latin1.GetString(_buffer.AsSpan(_start, length));
        _start += length + 2;
        return line;
    }

    private async Task<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start.._end).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        try
        {
            var read = await _socket.ReceiveAsync(_buffer.AsMemory(_end), cancellationToken);
            _end += read;
            return read > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
