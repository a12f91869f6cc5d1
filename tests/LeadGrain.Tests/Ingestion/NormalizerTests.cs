using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.Grains.Ingestion;

namespace LeadGrain.Tests.Ingestion;

public sealed class NormalizerTests
{
    [Fact]
    public void What_has_no_field_is_kept_as_it_was_written()
    {
        var lead = Read("""{"email":"a@b.c","utm":{"b":1.10,"a":[null]},"n":1e400,"x":"\u0041"}""");

        Assert.Equal("a@b.c", lead["email"]);
        Assert.Equal("""{"utm":{"b":1.10,"a":[null]},"n":1e400,"x":"\u0041"}""", Encoding.UTF8.GetString(lead.Extra!));
    }

    [Theory]
    [InlineData("{\"phone\":371.50}", "phone", "371.50", null)]
    [InlineData("{\"phone\":true}", "phone", "true", null)]
    [InlineData("{\"phone\":null}", "phone", null, null)]
    [InlineData("{\"phone\":{\"a\":1}}", "phone", null, "{\"phone\":{\"a\":1}}")]
    [InlineData("{\"FIRST_NAME\":\"J\"}", "firstName", "J", null)]
    [InlineData("{\"click-id\":\"7\"}", "click_id", "7", null)]
    [InlineData("{\"em\\u0061il\":\"\\u0061\\n\"}", "email", "a\n", null)]
    [InlineData("{\"email\":\"1\",\"Email\":\"2\"}", "email", "2", "{\"email\":\"1\"}")]
    [InlineData("{\"x\":1,\"x\":2}", "email", null, "{\"x\":1,\"x\":2}")]
    [InlineData("{}", "email", null, null)]
    public void Values_of_any_kind_find_a_place(string json, string field, string? value, string? extra)
    {
        var lead = Read(json);

        Assert.Equal(value, lead[field]);
        Assert.Equal(extra, lead.Extra is null ? null : Encoding.UTF8.GetString(lead.Extra));
    }

    [Theory]
    [InlineData("{\"email\":\"a\\u0000b\"}", "a\uFFFDb", "{\"email\":\"a\\u0000b\"}")]
    [InlineData("{\"email\":\"a\\ud800b\"}", "a\uFFFDb", "{\"email\":\"a\\ud800b\"}")]
    public void Text_that_the_database_cannot_hold_is_replaced_and_stands_in_the_extra(string json, string email, string extra)
    {
        var lead = Read(json);

        Assert.Equal(email, lead["email"]);
        Assert.Equal(extra, Encoding.UTF8.GetString(lead.Extra!));
    }

    [Fact]
    public void Bytes_that_are_no_utf8_are_replaced()
        => Assert.Equal("a\uFFFDb", ((Normalized.Lead)LeadNormalizer.Normalize([.. "{\"email\":\"a"u8, 0xFF, .. "b\"}"u8], null, null)).Fields[LeadFields.Email]);

    [Theory]
    [InlineData("utf-16", true)]
    [InlineData("utf-16", false)]
    [InlineData("iso-8859-1", false)]
    public void Other_charsets_are_read(string charset, bool mark)
    {
        var encoding = charset == "utf-16" ? Encoding.Unicode : Encoding.Latin1;
        var body = encoding.GetBytes("""{"firstName":"Jörg"}""");
        var lead = (Normalized.Lead)LeadNormalizer.Normalize(mark ? [0xFF, 0xFE, .. body] : body, $"application/json; charset={charset}", null);

        Assert.Equal("Jörg", lead.Fields[6]);
    }

    [Theory]
    [InlineData("utf-7")]
    [InlineData("nope")]
    [InlineData("\"\"")]
    public void A_charset_that_is_not_known_is_read_as_utf8(string charset)
        => Assert.Equal(
            "Jörg",
            ((Normalized.Lead)LeadNormalizer.Normalize("{\"firstName\":\"Jörg\"}"u8.ToArray(), $"application/json; charset={charset}", null)).Fields[6]);

    [Theory]
    [InlineData("windows-1251", "41F")]
    [InlineData("koi8-r", "41F")]
    [InlineData("windows-1252", "20AC")]
    public void A_web_form_in_the_charset_of_its_page_is_read(string charset, string letter)
    {
        // П, П, €
        var (text, code) = ((char)Convert.ToInt32(letter, 16), charset switch { "windows-1251" => "%CF", "koi8-r" => "%F0", _ => "%80" });
        var form = LeadNormalizer.Normalize(
            Encoding.ASCII.GetBytes($"firstName={code}&email=a%40b.c"), $"application/x-www-form-urlencoded; charset={charset}", null);

        Assert.Equal(($"{text}", "a@b.c"), (((Normalized.Lead)form).Fields[6], ((Normalized.Lead)form).Fields[LeadFields.Email]));
    }

    [Fact]
    public void Depth_is_no_reason_to_lose_a_lead()
    {
        var deep = new string('[', 300_000) + new string(']', 300_000);
        var lead = Read($$"""{"email":"a@b.c","deep":{{deep}}}""");

        Assert.Equal("a@b.c", lead["email"]);
        Assert.Equal(deep, (string?)JsonNode.Parse(lead.Extra!)!["deep"]);
    }

    // Most parsers stop at 64: a list that holds the lead must stay readable.
    [Theory]
    [InlineData(20, JsonValueKind.Array)]
    [InlineData(40, JsonValueKind.String)]
    public void What_is_nested_deeper_than_readers_of_a_list_can_bear_is_kept_as_text(int depth, JsonValueKind kind)
    {
        var lead = Read($$"""{"deep":{{new string('[', depth)}}{{new string(']', depth)}}}""");

        Assert.Equal(kind, JsonNode.Parse(lead.Extra!)!["deep"]!.GetValueKind());
    }

    [Fact]
    public void Forms_are_normalized_alike()
    {
        var form = LeadNormalizer.Normalize(
            "email=a%40b.c&first_name=J%C3%B6rg+B&utm=1&utm=2&flag&bad=%zz&&"u8.ToArray(), "application/x-www-form-urlencoded; charset=utf-8", null);
        var lead = new Lead((Normalized.Lead)form);

        Assert.Equal(("a@b.c", "Jörg B"), (lead["email"], lead["firstName"]));
        Assert.Equal("""{"utm":"1","utm":"2","flag":"","bad":"%zz"}""", Encoding.UTF8.GetString(lead.Extra!));
        Assert.Equal(new Normalized.Invalid("empty"), LeadNormalizer.Normalize([], "application/x-www-form-urlencoded", null));
    }

    [Theory]
    [InlineData("application/x-www-form-urlencoded", """{"email":"a@b.c","q":"a=b&c+d%20"}""")]
    [InlineData("Application/X-WWW-Form-Urlencoded; charset=utf-8", " \r\n\t{\"email\":\"a@b.c\",\"q\":\"a=b&c+d%20\"}\n")]
    [InlineData("application/x-www-form-urlencoded", "\uFEFF{\"email\":\"a@b.c\",\"q\":\"a=b&c+d%20\"}")]
    [InlineData("text/plain", """{"email":"a@b.c","q":"a=b&c+d%20"}""")]
    [InlineData("", """{"email":"a@b.c","q":"a=b&c+d%20"}""")]
    [InlineData(null, """{"email":"a@b.c","q":"a=b&c+d%20"}""")]
    public void A_body_that_is_a_json_object_is_read_as_one_whatever_its_sender_calls_it(string? type, string body)
    {
        var lead = new Lead((Normalized.Lead)LeadNormalizer.Normalize(Encoding.UTF8.GetBytes(body), type, null));

        Assert.Equal("a@b.c", lead["email"]);
        Assert.Equal("""{"q":"a=b&c+d%20"}""", Encoding.UTF8.GetString(lead.Extra!));
    }

    [Theory]
    [InlineData("{\"email\":\"a@b.c\"")]
    [InlineData("{\"email\":\"a@b.c\"}&x=1")]
    [InlineData("{\"email\":\"a@b.c\"}=")]
    [InlineData("{\"email\":\"a@b.c\"}{}")]
    [InlineData("{email}")]
    [InlineData("[{\"email\":\"a@b.c\"}]")]
    [InlineData("\"email\"")]
    [InlineData("%7B%22email%22%3A1%7D")]
    [InlineData("email={\"email\":1}")]
    public void A_form_that_only_resembles_json_is_a_form(string body)
    {
        var form = Encoding.ASCII.GetBytes(body);

        Assert.Equivalent(FormLead.Read(form, null), LeadNormalizer.Normalize(form, "application/x-www-form-urlencoded", null), strict: true);
    }

    [Fact]
    public void No_form_of_encoded_names_and_values_is_taken_for_json()
        => Prop.ForAll<string[], string[]>((names, values) =>
        {
            var members = (names ?? []).Zip(values ?? [], static (name, value) => $"{Uri.EscapeDataString(Valid($"{{{name}"))}={Uri.EscapeDataString(Valid($"{{{value}}}"))}");
            var form = Encoding.ASCII.GetBytes(string.Join('&', members));
            var (expected, made) = (FormLead.Read(form, null), LeadNormalizer.Normalize(form, "application/x-www-form-urlencoded", null));
            return expected is Normalized.Lead { Fields: var fields, Extra: var extra } && made is Normalized.Lead lead
                ? fields.SequenceEqual(lead.Fields) && extra.AsSpan().SequenceEqual(lead.Extra)
                : expected == made;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Multipart_forms_are_normalized_alike_and_files_only_named()
    {
        const string Body =
            "--b\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\na@b.c\r\n"
            + "--b\r\nContent-Disposition: form-data; name=\"cv\"; filename=\"x.pdf\"\r\nContent-Type: application/pdf\r\n\r\n12345\r\n--b--\r\n";
        var lead = new Lead((Normalized.Lead)LeadNormalizer.Normalize(Encoding.ASCII.GetBytes(Body), "multipart/form-data; boundary=\"b\"", null));

        Assert.Equal("a@b.c", lead["email"]);
        Assert.Equal("""{"cv":{"filename":"x.pdf","contentType":"application/pdf","bytes":5}}""", Encoding.UTF8.GetString(lead.Extra!));
        Assert.Equal(
            new Normalized.Invalid("broken_form"), LeadNormalizer.Normalize("--b\r\nhalf"u8.ToArray(), "multipart/form-data; boundary=b", null));
        Assert.Equal(new Normalized.Invalid("broken_form"), LeadNormalizer.Normalize("x"u8.ToArray(), "multipart/form-data", null));
    }

    [Fact]
    public void Of_a_form_with_members_beyond_number_the_rest_is_one_text()
    {
        var form = string.Concat(Enumerable.Repeat("a&", 500_000));
        var made = Assert.IsType<Normalized.Lead>(LeadNormalizer.Normalize(Encoding.ASCII.GetBytes($"email=a%40b.c&{form[..^20]}phone=%2B1"), "application/x-www-form-urlencoded", null));

        using var extra = JsonDocument.Parse(made.Extra!);
        var members = extra.RootElement.EnumerateObject().ToList();
        Assert.Equal("a@b.c", made.Fields[LeadFields.Email]);
        Assert.Equal(FormLead.MostMembers, members.Count);
        Assert.All(members[..^1], member => Assert.Equal(("a", ""), (member.Name, member.Value.GetString())));
        Assert.Equal(("rest", $"{form[(2 * (FormLead.MostMembers - 1))..^20]}phone=%2B1"), (members[^1].Name, members[^1].Value.GetString()));
    }

    [Fact]
    public void Of_a_multipart_form_with_parts_beyond_number_the_rest_is_one_text()
    {
        string Part(int n) => $"--b\r\nContent-Disposition: form-data; name=\"{n}\"\r\n\r\n{n}\r\n";
        string Body(int parts) => $"{string.Concat(Enumerable.Range(0, parts).Select(Part))}--b--\r\n";

        var all = LeadNormalizer.Normalize(Encoding.ASCII.GetBytes(Body(FormLead.MostMembers)), "multipart/form-data; boundary=b", null);
        var more = LeadNormalizer.Normalize(Encoding.ASCII.GetBytes(Body(FormLead.MostMembers + 2)), "multipart/form-data; boundary=b", null);

        using var extra = JsonDocument.Parse(((Normalized.Lead)more).Extra!);
        var members = extra.RootElement.EnumerateObject().ToList();
        Assert.Equal(FormLead.MostMembers + 1, members.Count);
        Assert.Equal(Enumerable.Range(0, FormLead.MostMembers).Select(n => $"{n}"), members[..^1].Select(member => member.Value.GetString()));
        Assert.Equal("rest", members[^1].Name);
        Assert.Equal($"\r\n{Part(FormLead.MostMembers)}{Part(FormLead.MostMembers + 1)}--b--\r\n", members[^1].Value.GetString());
        Assert.Equal($"{Encoding.UTF8.GetString(((Normalized.Lead)all).Extra!)[..^1]},", Encoding.UTF8.GetString(((Normalized.Lead)more).Extra!)[..((Normalized.Lead)all).Extra!.Length]);
    }

    [Fact]
    public void Whatever_bytes_come_there_is_an_answer()
        => Prop.ForAll<byte[], int>((bytes, kind) =>
        {
            string?[] types = [null, "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "text/plain; charset=nope", "text/plain; charset=utf-7", "\0"];
            string?[] encodings = [null, "gzip", "br", "zstd"];
            var at = Math.Abs((long)kind);
            var made = LeadNormalizer.Normalize(bytes ?? [], types[at % types.Length], encodings[at / types.Length % encodings.Length]);
            return made is Normalized.Invalid || IsObject(((Normalized.Lead)made).Extra);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void No_member_of_any_object_is_lost()
        => Prop.ForAll<string[], string[]>((names, values) =>
        {
            using var bytes = new MemoryStream();
            using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { SkipValidation = true }))
            {
                json.WriteStartObject();
                foreach (var (name, value) in (names ?? []).Zip(values ?? []))
                {
                    json.WriteString(Valid(name), Valid(value));
                }

                json.WriteEndObject();
            }

            var lead = (Normalized.Lead)LeadNormalizer.Normalize(bytes.ToArray(), null, null);
            using var extra = JsonDocument.Parse(lead.Extra ?? "{}"u8.ToArray());
            var kept = lead.Fields.Count(field => field is not null) + extra.RootElement.EnumerateObject().Count();
            return kept >= (names ?? []).Zip(values ?? []).Count();
        }).QuickCheckThrowOnFailure();

    private static string Valid(string? text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text ?? string.Empty));

    private static bool IsObject(byte[]? extra)
    {
        if (extra is null)
        {
            return true;
        }

        using var document = JsonDocument.Parse(extra, new JsonDocumentOptions { MaxDepth = 600 });
        return document.RootElement.ValueKind == JsonValueKind.Object;
    }

    private static Lead Read(string json) => new((Normalized.Lead)LeadNormalizer.Normalize(Encoding.UTF8.GetBytes(json), "application/json", null));

    private sealed record Lead(Normalized.Lead Made)
    {
        internal byte[]? Extra => Made.Extra;

        internal string? this[string field] => Made.Fields[LeadFields.Names.ToList().IndexOf(field)];
    }
}
