using System.Text;
using LeadGrain.Gateway.Buffer;
using LeadGrain.Gateway.Json;
using LeadGrain.GrainInterfaces.Buffer;

namespace LeadGrain.Tests.Gateway;

public sealed class PushReaderTests
{
    [Theory]
    [InlineData("""{"namespace":"n","leads":[]}""")]
    [InlineData("""{ "leads" : [ { "email" : "a@b.c" } ] , "namespace" : "n" }""")]
    [InlineData("""{"namespace":"n","brandId":"b","clerkOrgId":"o","clerkUserId":"u","parentRunId":"r","leads":[{"email":"ü@b.c","externalId":"x","data":{"a":{"a":[{"a":1},{"a":2}]},"b":"\u00e9\n"},"priority":-7}]}""")]
    [InlineData("""{"namespace":"n","brandId":null,"leads":[{"email":"a@b.c","externalId":null,"data":null,"priority":null},{"email":"d@e.f","data":[1,"x",{}]},{"email":"g@h.i","data":7}]}""")]
    public void Usual_pushes_are_read_in_one_pass(string body) => AssertSame(body, quick: true);

    [Theory]
    [InlineData("""{"namespace":"n","leads":[{"email":"a@b.c","data":{"a":1,"a":2}}]}""")]
    [InlineData("""{"namespace":"n","leads":[{"email":"a@b.c","data":[{"b":{"c":{"d":1},"c":2}}]}]}""")]
    [InlineData("""{"namespace":"n","leads":[{"email":"a@b.c","data":{"a":1,"\u0061":2}}]}""")]
    [InlineData("""{"namespace":"n","leads":[{"email":"a@b.c","email":"a@b.c"}]}""")]
    [InlineData("""{"namespace":"n","brandId":null,"brandId":"b","leads":[]}""")]
    [InlineData("""{"namespace":"n","leads":[{"email":"a@b.c","other":1}],"further":2}""")]
    [InlineData("""{"namespace":"n","leads":[{"email":"\u0061@b.c"}]}""")]
    [InlineData("""{"namespace":"n","leads":[{"email":" "}]}""")]
    [InlineData("""{"namespace":"n","leads":[{"externalId":"x"}]}""")]
    [InlineData("""{"namespace":"n","leads":[{"email":"a@b.c","priority":1.0}]}""")]
    [InlineData("""{"namespace":"n","leads":[{"email":"a@b.c","priority":2147483647}]}""")]
    [InlineData("""{"namespace":"n","leads":[{"email":"a@b.c"},7]}""")]
    [InlineData("""{"namespace":"n","leads":{}}""")]
    [InlineData("""{"namespace":7,"leads":[]}""")]
    [InlineData("""{"namespace":"n"}""")]
    [InlineData("""{"leads":[]}""")]
    [InlineData("""{"namespace":"n","leads":[]} x""")]
    [InlineData("""{"namespace":"n","leads":[]""")]
    [InlineData("""{"namespace":"n","leads":[],}""")]
    [InlineData("[]")]
    public void All_others_are_left_to_the_reader_that_explains(string body) => AssertSame(body, quick: false);

    [Fact]
    public void Names_beyond_what_is_kept_in_mind_are_left_to_the_other_reader()
    {
        static string Body(int names) => $$"""{"namespace":"n","leads":[{"email":"a@b.c","data":{ {{string.Join(',', Enumerable.Range(0, names).Select(n => $"\"{n}\":{n}"))}} } }]}""";

        AssertSame(Body(64), quick: true);
        AssertSame(Body(65), quick: false);
    }

    [Fact]
    public void The_limits_of_leads_and_of_their_data_are_the_same()
    {
        static string Leads(int count) => $$"""{"namespace":"n","leads":[{{string.Join(',', Enumerable.Range(0, count).Select(n => $$"""{"email":"{{n}}@b.c"}"""))}}]}""";
        static string Data(int bytes) => $$"""{"namespace":"n","leads":[{"email":"a@b.c","data":"{{new string('x', bytes - 2)}}"}]}""";

        AssertSame(Leads(PushInput.MaxLeads), quick: true);
        AssertSame(Leads(PushInput.MaxLeads + 1), quick: false);
        AssertSame(Data(PushInput.MaxDataBytes), quick: true);
        AssertSame(Data(PushInput.MaxDataBytes + 1), quick: false);
    }

    [Fact]
    public void What_is_read_in_one_pass_is_read_alike_by_the_other_reader()
    {
        const int Bodies = 20_000;
        var read = Enumerable.Range(0, Bodies).Count(seed => AssertSame(AnyBody(new Random(seed))));

        Assert.InRange(read, Bodies / 4, Bodies * 3 / 4);
    }

    private static void AssertSame(string body, bool quick) => Assert.Equal(quick, AssertSame(body));

    /// <returns>Whether it was read in one pass.</returns>
    private static bool AssertSame(string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        if (TextCheck.Find(bytes) is not null || PushReader.TryRead(bytes) is not { } quick)
        {
            return false;
        }

        Assert.False(JsonBody.Parse<PushInput>(bytes, PushInput.Read).Failed(out var problem, out var full), problem?.Detail);
        Assert.Equal((full.Namespace, full.ParentRunId, full.Command.Origin), (quick.Namespace, quick.ParentRunId, quick.Command.Origin));
        Assert.Equal(full.Command.Leads.Select(Text), quick.Command.Leads.Select(Text));
        return true;
    }

    private static string Text(NewLead lead)
        => $"{lead.Email}|{lead.ExternalId ?? "null"}|{(lead.Data is null ? "null" : Encoding.UTF8.GetString(lead.Data))}|{lead.Priority}";

    // Mostly right; what is wrong is wrong in one or two places.
    private static string AnyBody(Random random)
    {
        var leads = string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Lead(random)));
        var body = $"{{{string.Join(',', Shuffled(random, [$"\"namespace\":{Value(random)}", $"\"leads\":[{leads}]", .. Some(random, "brandId", "clerkOrgId", "clerkUserId", "parentRunId")]))}}}";
        if (random.Next(2) == 0)
        {
            return body;
        }

        var at = random.Next(body.Length);
        const string Marks = "{}[]\",:\\ 0-eut\t\u0001é";
        return random.Next(3) switch
        {
            0 => body.Remove(at, 1),
            1 => body.Insert(at, Marks[random.Next(Marks.Length)].ToString()),
            _ => body.Remove(at, 1).Insert(at, Marks[random.Next(Marks.Length)].ToString()),
        };
    }

    private static string Lead(Random random)
        => $"{{{string.Join(',', Shuffled(random, [$"\"email\":\"{random.Next(99)}@x.example\"", .. Some(random, "externalId"), .. Data(random), .. Priority(random)]))}}}";

    private static string[] Data(Random random) => random.Next(3) == 0 ? [] : [$"\"data\":{Json(random, 0)}"];

    private static string[] Priority(Random random) => random.Next(3) > 0 ? [] : [$"\"priority\":{random.Next(-3, 3)}"];

    private static IEnumerable<string> Some(Random random, params string[] names)
        => names.Where(_ => random.Next(3) == 0).Select(name => $"\"{name}\":{Value(random)}");

    private static string Value(Random random)
        => random.Next(30) switch { 0 => "null", 1 => "1", 2 => "\"\"", 3 => "\"a\\\"b\"", _ => $"\"v{random.Next(99)}\"" };

    private static string Json(Random random, int depth) => random.Next(depth > 3 ? 3 : 6) switch
    {
        0 => "\"\\u00e9 \\\" x\"",
        1 => "-0.10e2",
        2 => "null",
        3 => $"[{string.Join(", ", Enumerable.Range(0, random.Next(4)).Select(_ => Json(random, depth + 1)))}]",
        _ => $"{{{string.Join(" ,", Enumerable.Range(0, random.Next(5)).Select(n => $"\"{(random.Next(20) == 0 ? 0 : n)}\": {Json(random, depth + 1)}"))}}}",
    };

    private static string[] Shuffled(Random random, string[] parts)
    {
        random.Shuffle(parts);
        return parts;
    }
}
