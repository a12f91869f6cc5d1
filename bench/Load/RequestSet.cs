using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace LeadGrain.Bench.Load;

/// <summary>The bytes of a load's requests, made beforehand; only new emails and keys are written in as it goes.</summary>
internal sealed class RequestSet
{
    // Of an email's local part, and of a key.
    private const int Digits = 16;

    // Odd, so that multiplying by it maps counters one to one, and far apart: emails come in no order, as real ones do.
    private const ulong Scatter = 0x9E3779B97F4A7C15;

    private const string KeyHeader = "Idempotency-Key: ";

    private static readonly string s_blank = new('0', Digits);

    private readonly byte[][] _requests;
    private readonly int[][] _blanks;
    private readonly bool _inTurn;
    private readonly ulong _first;
    private ulong _random;
    private ulong _made;
    private int _turn;

    internal RequestSet(LoadPlan plan)
    {
        (_inTurn, _random, _first) = (plan.InTurn, plan.Series + Scatter, (ulong)plan.Series << 32);
        var made = Enumerable.Range(0, plan.Count).Select(i => Make(plan, $"{plan.Prefix}{i:d6}", i)).ToArray();
        _requests = [.. made.Select(m => m.Bytes)];
        _blanks = [.. made.Select(m => m.Blanks)];
        Expected = plan.Kind switch
        {
            LoadKind.Next or LoadKind.Lease or LoadKind.Keyed => "{\"found\":true"u8.ToArray(),
            LoadKind.Push => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"buffered\":{plan.Batch},")),
            LoadKind.Lead => "{\"ok\":true"u8.ToArray(),
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
        foreach (var offset in _blanks[index])
        {
            var number = (_first | _made++) * Scatter;
            _ = Utf8Formatter.TryFormat(number, request.AsSpan(offset), out _, new System.Buffers.StandardFormat('x', Digits));
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

    private static (byte[] Bytes, int[] Blanks) Make(LoadPlan plan, string name, int seed)
    {
        var (path, body) = plan.Kind switch
        {
            LoadKind.Next or LoadKind.Keyed => ("/buffer/next", $$"""{"namespace":"{{name}}"}"""),
            LoadKind.Lease => ("/buffer/next", $$"""{"namespace":"{{name}}","leaseSeconds":3600}"""),
            LoadKind.Ingest => ("/api/ingest?wait=0", IngestBody(name)),
            LoadKind.Enrich => ("/enrich", $$"""{"email":"{{name}}@example.com"}"""),
            LoadKind.Lead => ("/api/lead", LeadBody()),
            _ => ("/buffer/push", PushBody(name, plan.Batch, seed)),
        };
        var text = $"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {plan.Key}\r\nX-App-Id: {plan.App}\r\n"
            + $"X-Org-Id: {plan.Org}\r\n{(plan.Kind == LoadKind.Keyed ? $"{KeyHeader}{s_blank}\r\n" : "")}"
            + $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}";
        return (Encoding.ASCII.GetBytes(text), plan.Kind switch
        {
            LoadKind.Push or LoadKind.Lead or LoadKind.Ingest => PlacesAfter("\"email\":\"", text),
            LoadKind.Keyed => PlacesAfter(KeyHeader, text),
            _ => [],
        });
    }

    private static string IngestBody(string persona)
        => $$"""{"email":"{{s_blank}}@example.com","persona":"{{persona}}","lead_score":85,"first_name":"John","last_name":"Doe","company":"Acme","source":"api"}""";

    private static string PushBody(string name, int batch, int seed)
    {
        var leads = SampleLead.Some(batch, seed).Select(l => $$"""{"email":"{{s_blank}}@{{l.Domain}}","externalId":"{{l.ExternalId}}","data":{{l.Data}} }""");
        return $$"""{"namespace":"{{name}}","brandId":"brand-1","leads":[{{string.Join(',', leads)}}]}""";
    }

    private static string LeadBody()
    {
        return $$"""{"click_id":"12345","country":"LV","creo":"banner-1","description":"Interested in trading","domain":"example.com","email":"{{s_blank}}@example.com","firstName":"John","ip":"192.168.1.1","lang":"lv","lastName":"Doe","marker":"Pureshka","offer":"Baltic Capital Native","phone":"+371123456789","sourcetype":"web"}""";
    }

    private static int[] PlacesAfter(string mark, string text)
    {
        var found = new List<int>();
        for (var at = text.IndexOf(mark, StringComparison.Ordinal); at >= 0; at = text.IndexOf(mark, at + 1, StringComparison.Ordinal))
        {
            found.Add(at + mark.Length);
        }

        return [.. found];
    }
}
