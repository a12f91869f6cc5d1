using System.Buffers;
using System.Globalization;
using System.Text;

namespace LeadGrain.CrashTests.Fuzz;

/// <summary>A request in the making, still in parts.</summary>
internal sealed class Draft(ApiOperation operation, Random random)
{
    internal ApiOperation Operation { get; } = operation;

    internal Random Random { get; } = random;

    internal string Method { get; set; } = operation.Method;

    /// <summary>The path as it goes over the wire.</summary>
    internal string Path { get; set; } = operation.Path;

    /// <summary>Names and values as they go over the wire.</summary>
    internal List<KeyValuePair<string, string>> Query { get; } = [];

    internal List<KeyValuePair<string, byte[]>> Headers { get; } = [];

    internal JsonTree? Json { get; set; }

    /// <summary>Wins over <see cref="Json"/>.</summary>
    internal byte[]? Body { get; set; }

    internal bool Chunked { get; set; }

    /// <summary>What was done to it, for the reader of a failure.</summary>
    internal List<string> Mutations { get; } = [];

    internal byte[] BodyBytes() => Body ?? Json?.ToBytes() ?? [];

    internal void SetHeader(string name, string value)
    {
        Headers.RemoveAll(header => header.Key == name);
        Headers.Add(KeyValuePair.Create(name, Encoding.UTF8.GetBytes(value)));
    }

    internal T Pick<T>(IReadOnlyList<T> from) => from[Random.Next(from.Count)];

    /// <summary>Once in so many times.</summary>
    internal bool Once(int times) => Random.Next(times) == 0;

    /// <summary>The whole request, its length or its chunks said truly.</summary>
    internal byte[] ToBytes()
    {
        var body = BodyBytes();
        var bytes = new ArrayBufferWriter<byte>(body.Length + 512);
        Write(bytes, $"{Method} {Target()} HTTP/1.1\r\nHost: grid\r\n");
        foreach (var (name, value) in Headers)
        {
            Write(bytes, $"{name}: ");
            bytes.Write(value);
            bytes.Write("\r\n"u8);
        }

        if (Chunked)
        {
            bytes.Write("Transfer-Encoding: chunked\r\n\r\n"u8);
            WriteChunks(bytes, body);
        }
        else
        {
            Write(bytes, body.Length > 0 || Operation.Body is not null ? $"Content-Length: {body.Length}\r\n\r\n" : "\r\n");
            bytes.Write(body);
        }

        return bytes.WrittenSpan.ToArray();
    }

    private string Target() => Query.Count == 0 ? Path : $"{Path}?{string.Join('&', Query.Select(q => $"{q.Key}={q.Value}"))}";

    private void WriteChunks(ArrayBufferWriter<byte> bytes, ReadOnlySpan<byte> body)
    {
        while (!body.IsEmpty)
        {
            var size = Math.Min(body.Length, Random.Next(1, Math.Max(64, body.Length / 4)));
            Write(bytes, size.ToString(Once(2) ? "x" : "X4", CultureInfo.InvariantCulture) + (Once(8) ? ";a=b" : "") + "\r\n");
            bytes.Write(body[..size]);
            bytes.Write("\r\n"u8);
            body = body[size..];
        }

        bytes.Write(Once(8) ? "0\r\nX-Trailer: a\r\n\r\n"u8 : "0\r\n\r\n"u8);
    }

    private static void Write(ArrayBufferWriter<byte> bytes, string text)
    {
        var room = bytes.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        bytes.Advance(Encoding.UTF8.GetBytes(text, room));
    }
}
