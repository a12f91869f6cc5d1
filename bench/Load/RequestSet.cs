using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace LeadGrain.Bench.Load;

/// <summary>The bytes of a load's requests, made beforehand; only the emails of a push are written in as it goes.</summary>
internal sealed class RequestSet
{
    private const int EmailDigits = 16;

    // Odd, so that multiplying by it maps counters one to one, and far apart: emails come in no order, as real ones do.
    private const ulong Scatter = 0x9E3779B97F4A7C15;

    private readonly byte[][] _requests;
    private readonly int[][] _emails;
    private readonly bool _inTurn;
    private readonly ulong _firstEmail;
    private ulong _random;
    private ulong _emailsMade;
    private int _turn;

    internal RequestSet(LoadPlan plan)
    {
        (_inTurn, _random, _firstEmail) = (plan.InTurn, plan.Series + Scatter, (ulong)plan.Series << 32);
        var made = Enumerable.Range(0, plan.Count).Select(i => Make(plan, $"{plan.Prefix}{i:d6}")).ToArray();
        _requests = [.. made.Select(m => m.Bytes)];
        _emails = [.. made.Select(m => m.Emails)];
        Expected = plan.Kind switch
        {
            LoadKind.Next => "{\"found\":true"u8.ToArray(),
            LoadKind.Push => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"buffered\":{plan.Batch},")),
            LoadKind.Ingest => "{\"success\":true,\"data\":{\"message\":\"Lead ingested"u8.ToArray(),
            _ => "{\"id\":"u8.ToArray(),
        };
    }

    /// <summary>How the body of a good answer begins.</summary>
    internal byte[] Expected { get; }

    /// <summary>The next request; good until the next call.</summary>
    internal ReadOnlySpan<byte> Next()
    {
        var index = _requests.Length == 1 ? 0 : _inTurn ? _turn++ % _requests.Length : Random();
        var request = _requests[index];
        foreach (var offset in _emails[index])
        {
            var number = (_firstEmail | _emailsMade++) * Scatter;
            _ = Utf8Formatter.TryFormat(number, request.AsSpan(offset), out _, new System.Buffers.StandardFormat('x', EmailDigits));
        }

        return request;
    }

    // xorshift: a few instructions.
    private int Random()
    {
        _random ^= _random << 13;
        _random ^= _random >> 7;
        _random ^= _random << 17;
        return (int)(_random % (ulong)_requests.Length);
    }

    private static (byte[] Bytes, int[] Emails) Make(LoadPlan plan, string name)
    {
        var (path, body) = plan.Kind switch
        {
            LoadKind.Next => ("/buffer/next", $$"""{"namespace":"{{name}}"}"""),
            LoadKind.Ingest => ("/api/ingest?wait=0", IngestBody(name)),
            LoadKind.Enrich => ("/enrich", $$"""{"email":"{{name}}@example.com"}"""),
            _ => ("/buffer/push", PushBody(name, plan.Batch)),
        };
        var text = $"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {plan.Key}\r\nX-App-Id: {plan.App}\r\n"
            + $"X-Org-Id: {plan.Org}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}";
        return (Encoding.ASCII.GetBytes(text), plan.Kind is LoadKind.Push or LoadKind.Ingest ? EmailsIn(text) : []);
    }

    private static string IngestBody(string persona)
        => $$"""{"email":"{{new string('0', EmailDigits)}}@example.com","persona":"{{persona}}","lead_score":85,"first_name":"John","last_name":"Doe","company":"Acme","source":"api"}""";

    private static string PushBody(string name, int batch)
    {
        var blank = new string('0', EmailDigits);
        const string Data = """{"firstName":"John","lastName":"Doe","title":"Head of Sales","company":"Acme"}""";
        var lead = $$"""{"email":"{{blank}}@example.com","externalId":"apollo_{{blank}}","data":{{Data}} }""";
        return $$"""{"namespace":"{{name}}","brandId":"brand-1","leads":[{{string.Join(',', Enumerable.Repeat(lead, batch))}}]}""";
    }

    private static int[] EmailsIn(string text)
    {
        const string Mark = "\"email\":\"";
        var found = new List<int>();
        for (var at = text.IndexOf(Mark, StringComparison.Ordinal); at >= 0; at = text.IndexOf(Mark, at + 1, StringComparison.Ordinal))
        {
            found.Add(at + Mark.Length);
        }

        return [.. found];
    }
}
