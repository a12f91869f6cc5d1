using System.Text;

namespace LeadGrain.CrashTests.Fuzz;

/// <summary>What can be wrong with the bytes of a whole request, so that it may be no HTTP any more.</summary>
internal static class WireMutations
{
    private static readonly string[] Lengths = ["-1", "+5", "0x5", "5, 5", "5, 6", "99999999999999999999", "1e1", "", " ", "9999", "34603009", "1"];

    private static readonly string[] Lines =
    [
        "GET /health HTTP/9.9", "GET /health HTTP/1.0", "GET /health HTTP/0.9", "GET /health", "GET  /health  HTTP/1.1", "GET\t/health\tHTTP/1.1",
        "GET http://other/health HTTP/1.1", "GET //health HTTP/1.1", "OPTIONS * HTTP/1.1", "CONNECT a:1 HTTP/1.1", "GET * HTTP/1.1", " GET / HTTP/1.1",
        "GET /health http/1.1", "GET /\u0000 HTTP/1.1", "", "\u0016\u0003\u0001", "HTTP/1.1 200 OK",
    ];

    internal static readonly IReadOnlyList<KeyValuePair<string, Func<Random, byte[], byte[]>>> All =
    [
        new("bits flipped", BodyMutations.Flipped),
        new("byte inserted", BodyMutations.Inserted),
        new("cut off", (random, bytes) => bytes[..random.Next(bytes.Length)]),
        new("a part left out", LeaveOut),
        new("a part twice", Repeat),
        new("twice in one piece", (random, bytes) => [.. bytes, .. bytes]),
        new("other length", (random, bytes) => Replace(bytes, "Content-Length: ", "\r\n", Lengths[random.Next(Lengths.Length)])),
        new("two lengths", (random, bytes) => Before(bytes, "Host: ", $"Content-Length: {random.Next(100)}\r\n")),
        new("length and chunks", (random, bytes) => Before(bytes, "Host: ", "Transfer-Encoding: chunked\r\n")),
        new("odd transfer coding", (random, bytes) => Before(bytes, "Host: ", "Transfer-Encoding: gzip, chunked\r\n")),
        new("other line", (random, bytes) => Line(bytes, Lines[random.Next(Lines.Length)])),
        new("other host", (random, bytes) => Replace(bytes, "Host: ", "\r\n", random.Next(2) == 0 ? "" : "a b:c:d")),
        new("folded header", (random, bytes) => Before(bytes, "Host: ", "X-A: b\r\n c\r\n")),
        new("header without a colon", (random, bytes) => Before(bytes, "Host: ", "X-A\r\n")),
        new("huge header", (random, bytes) => Before(bytes, "Host: ", $"X-A: {new string('a', random.Next(40_000))}\r\n")),
        new("too many headers", (random, bytes) => Before(bytes, "Host: ", string.Concat(Enumerable.Range(0, 120).Select(i => $"X-{i}: a\r\n")))),
        new("bare line feeds", (random, bytes) => Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(bytes).Replace("\r\n", "\n", StringComparison.Ordinal))),
        new("noise", Noise),
    ];

    private static byte[] LeaveOut(Random random, byte[] bytes)
    {
        var (from, to) = Part(random, bytes);
        return [.. bytes[..from], .. bytes[to..]];
    }

    private static byte[] Repeat(Random random, byte[] bytes)
    {
        var (from, to) = Part(random, bytes);
        return [.. bytes[..to], .. bytes[from..]];
    }

    private static (int From, int To) Part(Random random, byte[] bytes)
    {
        var from = random.Next(bytes.Length);
        return (from, Math.Min(bytes.Length, from + random.Next(1, 64)));
    }

    private static byte[] Replace(byte[] bytes, string after, string until, string with)
    {
        var from = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(after));
        if (from < 0)
        {
            return bytes;
        }

        from += after.Length;
        var to = from + bytes.AsSpan(from).IndexOf(Encoding.ASCII.GetBytes(until));
        return [.. bytes[..from], .. Encoding.Latin1.GetBytes(with), .. bytes[to..]];
    }

    private static byte[] Before(byte[] bytes, string mark, string insert)
    {
        var at = Math.Max(0, bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(mark)));
        return [.. bytes[..at], .. Encoding.Latin1.GetBytes(insert), .. bytes[at..]];
    }

    private static byte[] Line(byte[] bytes, string line)
        => [.. Encoding.Latin1.GetBytes(line), .. bytes[Math.Max(0, bytes.AsSpan().IndexOf("\r\n"u8))..]];

    private static byte[] Noise(Random random, byte[] bytes)
    {
        var noise = new byte[random.Next(1, 2_048)];
        random.NextBytes(noise);
        return noise;
    }
}
