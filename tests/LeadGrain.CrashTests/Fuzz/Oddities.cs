using System.Text;

namespace LeadGrain.CrashTests.Fuzz;

/// <summary>Values that programs trip over. A fixed list, so that the number of names they make is bounded.</summary>
internal static class Oddities
{
    // The bounds of the documented lengths, and one beyond.
    private static readonly int[] Lengths = [254, 255, 256, 320, 321, 1_000, 5_000];

    /// <summary>Texts, all of them well-formed.</summary>
    internal static IReadOnlyList<string> Texts { get; } =
    [
        "", " ", "\t", "\n", "\r\n", "\0", "a\0b", "\u0001", "\u001b[31m", "\u007f", "\u0085", "\u00a0", "\ufeff", "\u200b", "\u2028", "\u3000",
        "\uffff", "\ufffd", "\ue000", "\u202egnirts", "\u200fשלום", "مرحبا", "日本語", "😀", "👩‍👩‍👧‍👦", "\U0010ffff", "e\u0301", "é", "İ", "ı", "ß", "ŉ",
        "ﬃ", "Å", "ΌΣΟΣ", "\u0441ampaign-123", "campaign\u2010123", "CAMPAIGN-123", " campaign-123 ", "campaign-123/", "../../etc/passwd", "..", ".", "a/b",
        "a\\b", "%", "%00", "%2F", "%zz", "a?b#c", "a&b=c", "a;b", "a+b", "*", "\"", "'", "' or 1=1 --", "\\u0000", "{}", "[]", "null", "true", "NaN",
        "Infinity", "-0", "0", "1e400", "-1", "99999999999999999999", "undefined", "<script>alert(1)</script>", "${jndi:ldap://x}", "{0}", "%s%n", "\\x00",
        "@", "a@", "@b", "a@b", "A@B.COM ", "a@b@c", "\"a b\"@c", "ａ@ｂ.com", "nobody@example.com", "0000-00-00", "2024-02-30", "2024-01-15", "infinity",
        "2024-01-15T10:00:00Z", "2024-01-15T10:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.9999999-14:00", "-4713-01-01", "1e9", "P1D",
        "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "AQ", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "=", "A===", "campaign-123",
        .. Lengths.Select(length => new string('a', length)),
        .. Lengths.Select(length => new string('é', length)),
        .. Lengths.Select(length => string.Concat(Enumerable.Repeat("😀", length / 2))),
        $"{new string('a', 308)}@example.com", $"{new string('a', 309)}@example.com", $"a{new string('\u0301', 200)}",
    ];

    /// <summary>What may stand where JSON wants a value; not all of it is JSON.</summary>
    internal static IReadOnlyList<byte[]> Values { get; } =
    [
        .. Ascii(
            "null", "true", "false", "0", "1", "-1", "-0", "0.5", "1.5", "1e2", "1E+2", "1e-400", "1e308", "1e400", "-1e400", "100", "255", "256", "1000",
            "1001", "10000", "10001", "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967296", "9007199254740993", "9223372036854775807",
            "9223372036854775808", "-9223372036854775809", "0.1e-999999999", new string('9', 400), "00", "01", "+1", ".5", "1.", "1e", "-", "NaN",
            "Infinity", "-Infinity", "0x10", "1_000", "nul", "True", "None", "undefined", "'a'", "a", "[]", "{}", "[[]]", "[null]", "[{}]", "{\"\":null}",
            "{\"a\":{\"b\":[1,2,{\"c\":null}]}}", "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\ud800\"",
            "\"\\udc00\\ud800\"", "\"\\u0000\"", "\"\\uD83D\\uDE00\"", "\"\t\"", "/*x*/1", "1//x", "[1,]", "{\"a\":1,}", "[", "]", "{", "}", ",", ":"),
        [(byte)'"', 0xff, (byte)'"'], [(byte)'"', 0xc0, 0xaf, (byte)'"'], [(byte)'"', 0xed, 0xa0, 0x80, (byte)'"'], [(byte)'"', 0, (byte)'"'],
        [(byte)'"', 0xf4, 0x90, 0x80, 0x80, (byte)'"'], [(byte)'"', 0xe2, 0x82, (byte)'"'],
        .. new[] { 31, 63, 64, 65, 200 }.Select(depth => Nested("[", "]", depth)),
        .. new[] { 31, 63, 64, 65, 200 }.Select(depth => Nested("{\"a\":", "}", depth)),
        Nested("[", "", 5_000),
    ];

    /// <summary>Parts of a path or of a query, as they go over the wire.</summary>
    internal static IReadOnlyList<string> Escapes { get; } =
    [
        "", "%", "%0", "%zz", "%00", "%01", "%0a", "%0d%0a", "%20", "%2", "%2F", "%2f", "%5c", "%252F", "%25", "%c0%af", "%ed%a0%80", "%ff", "%ff%fe",
        "%c3%28", "%f4%90%80%80", "%e2%82", "%F0%9F%98%80", "%C3%A9", "..", ".", "%2e%2e", "...", ";", ";a=b", "a;b", "+", "a+b", "*", "~", "!", "$", "&",
        "'", "(", ")", ",", "=", "a=b", ":", "@", "[", "]", "{", "}", "{namespace}", "|", "^", "`", "\\", "\"", "<", ">", "a//b", "a/b", "%u0041",
    ];

    /// <summary>Values of headers, as bytes.</summary>
    internal static IReadOnlyList<byte[]> HeaderValues { get; } =
    [
        .. Ascii("", " ", "a", "a,b", "\"a\"", "a;b=c", "*", "0", "-1", "99999999999", "null", "é", "日本語", "😀", "\u202e", "\ufeff", "%00", "' or 1=1 --"),
        .. Ascii([.. new[] { 127, 128, 129, 255, 256, 1_024, 4_096 }.Select(length => new string('x', length))]),
        [0xff], [0xc3, 0x28], [0x01], [(byte)'a', 0x7f], [(byte)'a', (byte)'\t', (byte)'b'],
    ];

    private static byte[] Nested(string open, string close, int depth) => Encoding.ASCII.GetBytes(
        string.Concat(Enumerable.Repeat(open, depth)) + "1" + string.Concat(Enumerable.Repeat(close, depth)));

    private static IEnumerable<byte[]> Ascii(params string[] texts) => texts.Select(Encoding.UTF8.GetBytes);
}
