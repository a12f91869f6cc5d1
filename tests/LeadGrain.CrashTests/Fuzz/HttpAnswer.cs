using System.Globalization;
using System.Text;

namespace LeadGrain.CrashTests.Fuzz;

/// <summary>What came back.</summary>
internal sealed record HttpAnswer(int Status, IReadOnlyList<KeyValuePair<string, string>> Headers, byte[] Body)
{
    private const int ShownBytes = 1_000;

    internal string? ContentType => Header("Content-Type");

    internal bool Closes => string.Equals(Header("Connection"), "close", StringComparison.OrdinalIgnoreCase);

    /// <summary>Events as they come: not to be waited out.</summary>
    internal bool IsEndless => ContentType?.StartsWith("text/event-stream", StringComparison.Ordinal) == true;

    internal bool IsJson => ContentType?.Contains("json", StringComparison.Ordinal) == true;

    /// <summary>The JSON documents of its body: one, or as many as it has lines.</summary>
    internal IEnumerable<ReadOnlyMemory<byte>> Documents()
    {
        if (ContentType?.Contains("ndjson", StringComparison.Ordinal) != true)
        {
            yield return Body;
            yield break;
        }

        for (var rest = (ReadOnlyMemory<byte>)Body; rest.Length > 0;)
        {
            var end = rest.Span.IndexOf((byte)'\n');
            yield return end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
        }
    }

    /// <summary>A header's one value; null where it is not there.</summary>
    internal string? Header(string name)
        => Headers.FirstOrDefault(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>The head of an answer, up to and without its body.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    internal static HttpAnswer ReadHead(ReadOnlySpan<byte> head)
    {
        var lines = Encoding.Latin1.GetString(head).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        return lines is [var first, .. var rest] && first.StartsWith("HTTP/1.1 ", StringComparison.Ordinal)
            ? new HttpAnswer(int.Parse(first.AsSpan(9, 3), CultureInfo.InvariantCulture), [.. rest.Select(ReadHeader)], [])
            : throw new FormatException($"Not an answer of HTTP/1.1: {Encoding.Latin1.GetString(head[..Math.Min(head.Length, 200)])}");
    }

    public override string ToString()
        => $"{Status}\n{string.Join('\n', Headers.Select(h => $"{h.Key}: {h.Value}"))}\n\n{Encoding.UTF8.GetString(Body.AsSpan(0, Math.Min(Body.Length, ShownBytes)))}";

    private static KeyValuePair<string, string> ReadHeader(string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 ? KeyValuePair.Create(line[..colon], line[(colon + 1)..].Trim()) : throw new FormatException($"Not a header: {line}");
    }
}
