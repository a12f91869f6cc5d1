using System.Globalization;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using LeadGrain.Gateway.Buffer;
using LeadGrain.Gateway.Json;
using LeadGrain.GrainInterfaces.Buffer;

namespace LeadGrain.Tests.Gateway;

public sealed class RawDataTests
{
    [Fact]
    public void Lead_data_goes_out_byte_for_byte_as_it_came_in() =>
        Prop.ForAll<int>(seed =>
        {
            var data = AnyJson(new Random(seed), depth: 0);
            var body = Encoding.UTF8.GetBytes($$"""{"namespace":"n","leads":[{"email":"a@b.c","data": {{data}} }]}""");

            Assert.False(JsonBody.Parse<PushInput>(body, PushInput.Read).Failed(out var problem, out var push), problem?.Detail);
            using var stream = new MemoryStream();
            using (var writer = new Utf8JsonWriter(stream))
            {
                BufferAnswers.WriteNext(writer, new PullOutcome.Served([new PulledLead(push.Command.Leads[0], push.Command.Origin, null)]));
            }

            Assert.Contains($"\"data\":{data},\"brandId\":null", Encoding.UTF8.GetString(stream.ToArray()), StringComparison.Ordinal);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Text_is_refused_for_exactly_the_escapes_that_no_string_can_hold() =>
        Prop.ForAll<int>(seed =>
        {
            string[] pieces = ["x", "\\\\", "\\n", "\\\"", "\\u0041", "\\u0000", "\\ud83d", "\\uDE80", "\\ud83d\\ude80", "ü", "u0000"];
            var random = new Random(seed);
            var text = string.Concat(Enumerable.Range(0, random.Next(8)).Select(_ => pieces[random.Next(pieces.Length)]));
            var json = Encoding.UTF8.GetBytes($"\"{text}\"");

            Assert.Equal(IsSound(json), TextCheck.Find(json) is null);
        }).QuickCheckThrowOnFailure();

    private static bool IsSound(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        try
        {
            return !document.RootElement.GetString()!.Contains('\0', StringComparison.Ordinal);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static string AnyJson(Random random, int depth) => random.Next(depth > 4 ? 5 : 7) switch
    {
        0 => random.Next(2) == 0 ? "true" : "false",
        1 => (random.NextDouble() * 1000).ToString("E3", CultureInfo.InvariantCulture),
        2 => "-0.0100",
        3 => "12345678901234567890123456789.000",
        4 => Text(random),
        5 => $"[{Space(random)}{string.Join(',', Many(random, () => AnyJson(random, depth + 1)))}{Space(random)}]",
        _ => $"{{{string.Join(',', Many(random, () => string.Empty).Select((_, n) => $"{Space(random)}\"k{n}\\u00e9\"{Space(random)}:{AnyJson(random, depth + 1)}{Space(random)}"))}}}",
    };

    private static string Text(Random random)
    {
        string[] pieces = ["a", "é", "🚀", "\\u0041", "\\n", "\\\\", "\\/", "/", "<&+'>", "\\ud83d\\ude80", " ", "\u2028"];
        return $"\"{string.Concat(Many(random, () => pieces[random.Next(pieces.Length)]))}\"";
    }

    private static string Space(Random random) => new string(' ', random.Next(2)) + (random.Next(4) == 0 ? "\r\n\t" : string.Empty);

    private static List<string> Many(Random random, Func<string> one) => [.. Enumerable.Range(0, random.Next(4)).Select(_ => one())];
}
