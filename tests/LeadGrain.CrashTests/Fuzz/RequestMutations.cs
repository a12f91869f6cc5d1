using System.Text;

namespace LeadGrain.CrashTests.Fuzz;

/// <summary>What can be wrong with a request's line and headers while it is still HTTP.</summary>
internal static class RequestMutations
{
    private static readonly string[] Methods =
        ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get", "FOO", "M-SEARCH", "A", new('X', 200)];

    private static readonly string[] Names =
    [
        "X-App-Id", "X-Org-Id", "X-API-Key", "X-Request-Id", "Idempotency-Key", "Content-Type", "Content-Encoding", "Accept", "Accept-Encoding",
        "Authorization", "Cookie", "If-None-Match", "If-Modified-Since", "Range", "Prefer", "Origin", "Referer", "User-Agent", "X-Forwarded-For",
        "X-Forwarded-Proto", "X-HTTP-Method-Override", "traceparent", "tracestate", "baggage", "Expect", "Upgrade", "TE", "Via", "X-Odd_Name.1",
    ];

    private static readonly string[] ContentTypes =
    [
        "application/json; charset=utf-8", "application/json; charset=utf-16", "application/json;charset=\"UTF-8\"", "application/json; charset=",
        "application/json; a=b; a=b", "application/vnd.a+json", "application/problem+json", "APPLICATION/JSON", "text/plain", "text/json", "json", "/", "a/",
        "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=a", "application/json, text/plain", "*/*", ";", "",
    ];

    private static readonly string[] Encodings = ["gzip", "br", "deflate", "identity", "gzip, gzip", "x"];

    private static readonly string[] Ids = ["a", "abc 123 ~!", new('i', 128)];

    private static readonly string[] Traces =
        ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-00000000000000000000000000000000-0000000000000000-00", "ff-x", "00-", "-"];

    internal static readonly IReadOnlyList<Mutation> All =
    [
        new("other method", draft => draft.Method = draft.Pick(Methods)),
        new("odd path value", OddPathValue),
        new("odd path value", OddPathValue),
        new("path continued", draft => draft.Path += $"/{draft.Pick(Oddities.Escapes)}"),
        new("path cut", draft => draft.Path = draft.Path[..draft.Random.Next(1, draft.Path.Length + 1)]),
        new("path in capitals", draft => draft.Path = draft.Path.ToUpperInvariant()),
        new("slashes", draft => draft.Path = draft.Path.Replace("/", draft.Pick(["//", "/./", "/a/../", "%2F"]), StringComparison.Ordinal)),
        new("odd path", draft => draft.Path = $"/{draft.Pick(Oddities.Escapes)}"),
        new("long path", draft => draft.Path += new string('a', draft.Pick([256, 2_000, 7_000, 9_000]))),
        new("odd query value", draft => SetQuery(draft, QueryValue(draft))),
        new("odd query value", draft => SetQuery(draft, QueryValue(draft))),
        new("query given twice", draft => AddQuery(draft, QueryName(draft), draft.Query.Count > 0 ? draft.Pick(draft.Query).Value : "a")),
        new("unknown query", draft => AddQuery(draft, draft.Pick(Oddities.Escapes), QueryValue(draft))),
        new("query value spoiled", SpoilQuery),
        new("query value spoiled", SpoilQuery),
        new("many queries", draft => draft.Query.AddRange(Enumerable.Range(0, 200).Select(i => KeyValuePair.Create($"q{i}", "1")))),
        new("header left out", LeaveOutHeader),
        new("header twice", draft => draft.Headers.Add(KeyValuePair.Create(AnyHeader(draft), "a"u8.ToArray()))),
        new("odd header", draft => draft.Headers.Add(KeyValuePair.Create(draft.Pick(Names), draft.Pick(Oddities.HeaderValues)))),
        new("odd header", draft => draft.Headers.Add(KeyValuePair.Create(draft.Pick(Names), draft.Pick(Oddities.HeaderValues)))),
        new("odd value of a given header", OddHeaderValue),
        new("many headers", draft => draft.Headers.AddRange(Enumerable.Range(0, 99).Select(i => KeyValuePair.Create($"X-H-{i}", "1"u8.ToArray())))),
        new("odd Content-Type", draft => draft.SetHeader("Content-Type", draft.Pick(ContentTypes))),
        new("Content-Encoding", draft => draft.SetHeader("Content-Encoding", draft.Pick(Encodings))),
        new("X-Request-Id", draft => draft.SetHeader("X-Request-Id", draft.Pick(Ids))),
        new("Idempotency-Key", draft => draft.SetHeader("Idempotency-Key", $"key-{draft.Random.Next(500)}")),
        new("Expect", draft => draft.SetHeader("Expect", draft.Pick(["100-continue", "200-ok"]))),
        new("traceparent", draft => draft.SetHeader("traceparent", draft.Pick(Traces))),
        new("chunked", draft => draft.Chunked = true),
        new("body where none is wanted", draft => draft.Body ??= draft.Json is null ? """{"a":1}"""u8.ToArray() : null),
    ];

    private static void OddPathValue(Draft draft)
    {
        // Where the template has a parameter, its value stands in the same segment.
        var names = draft.Operation.Path.Split('/');
        var parts = draft.Path.Split('/');
        var at = Array.FindIndex(names, name => name.StartsWith('{'));
        if (at >= 0 && parts.Length == names.Length)
        {
            parts[at] = draft.Once(2) ? draft.Pick(Oddities.Escapes) : Uri.EscapeDataString(draft.Pick(Oddities.Texts));
            draft.Path = string.Join('/', parts);
        }
    }

    private static string QueryName(Draft draft)
    {
        var names = draft.Operation.Parameters.Where(p => p.In == "query").Select(p => p.Name).ToArray();
        return names.Length == 0 ? "limit" : draft.Pick(names);
    }

    private static string QueryValue(Draft draft) => draft.Random.Next(3) switch
    {
        0 => draft.Pick(Oddities.Escapes),
        1 => Uri.EscapeDataString(draft.Pick(Oddities.Texts)),
        _ => Uri.EscapeDataString(Encoding.UTF8.GetString(draft.Pick(Oddities.Values))),
    };

    private static void AddQuery(Draft draft, string name, string value) => draft.Query.Add(KeyValuePair.Create(name, value));

    private static void SetQuery(Draft draft, string value)
    {
        var name = QueryName(draft);
        draft.Query.RemoveAll(query => query.Key == name);
        AddQuery(draft, name, value);
    }

    /// <summary>Changes what is there by a little: page tokens and times are nearly right.</summary>
    private static void SpoilQuery(Draft draft)
    {
        if (draft.Query.Count == 0)
        {
            return;
        }

        var at = draft.Random.Next(draft.Query.Count);
        var (name, value) = draft.Query[at];
        var cut = draft.Random.Next(value.Length + 1);
        draft.Query[at] = KeyValuePair.Create(name, draft.Random.Next(4) switch
        {
            0 => value[..cut],
            1 => value[..cut] + draft.Pick(Oddities.Escapes) + value[cut..],
            2 => value + value,
            _ => value[..cut] + "A" + value[Math.Min(value.Length, cut + 1)..],
        });
    }

    private static string AnyHeader(Draft draft) => draft.Headers.Count > 0 ? draft.Pick(draft.Headers).Key : draft.Pick(Names);

    private static void LeaveOutHeader(Draft draft)
    {
        if (draft.Headers.Count > 0)
        {
            draft.Headers.RemoveAt(draft.Random.Next(draft.Headers.Count));
        }
    }

    private static void OddHeaderValue(Draft draft)
    {
        if (draft.Headers.Count > 0)
        {
            var at = draft.Random.Next(draft.Headers.Count);
            draft.Headers[at] = KeyValuePair.Create(draft.Headers[at].Key, draft.Pick(Oddities.HeaderValues));
        }
    }
}
