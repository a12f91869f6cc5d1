using System.Text;
using FsCheck;
using FsCheck.Fluent;
using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.Grains.Enrichment;

namespace LeadGrain.Tests.Enrichment;

public sealed class ApolloAnswerTests
{
    [Fact]
    public void A_whole_person_is_read()
    {
        var found = Found("""
            {"person":{"id":"1","first_name":"Ada","last_name":"Ito","title":"CEO","linkedin_url":"http://www.linkedin.com/in/ada",
             "organization":{"name":"Acme","primary_domain":"acme.example","industry":"logistics","estimated_num_employees":120}}}
            """);

        Assert.Equal(
            new PersonProfile("Ada", "Ito", "CEO", "http://www.linkedin.com/in/ada", "Acme", "acme.example", "logistics", "51-200"),
            found.Profile);
        Assert.Equal((200, 1), (found.HttpStatus, found.Credits));
    }

    [Theory]
    [InlineData("""{"person":{}}""")]
    [InlineData("""{"person":{"first_name":null,"organization":null}}""")]
    [InlineData("""{"person":{"first_name":5,"title":["CEO"],"organization":[]}}""")]
    [InlineData("""{"person":{"first_name":"  ","organization":{"name":"","estimated_num_employees":"many"}}}""")]
    [InlineData("""{"person":{"first_name":"\u0000","last_name":"\ud800","organization":{"estimated_num_employees":0}}}""")]
    [InlineData("""{"person":{"organization":{"estimated_num_employees":1e999}}}""")]
    public void What_a_person_lacks_or_misstates_is_left_out(string json) =>
        Assert.Equal(new PersonProfile(null, null, null, null, null, null, null, null), Found(json).Profile);

    [Theory]
    [InlineData("""{"person":{"first_name":" A\u0000da "}}""", "Ada")]
    [InlineData("""{"person":{"first_name":"Zoë 🌾"}}""", "Zoë 🌾")]
    public void Texts_are_made_fit_to_store(string json, string firstName) => Assert.Equal(firstName, Found(json).Profile.FirstName);

    [Theory]
    [InlineData("""{"person":null}""")]
    [InlineData("""{"person":null,"error":null}""")]
    public void A_null_person_is_nobody_and_free(string json)
    {
        var nobody = Assert.IsType<ProviderAnswer.NotFound>(Read(json));
        Assert.Equal(0, nobody.Credits);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("\"person\"")]
    [InlineData("""{"person":[]}""")]
    [InlineData("""{"person":"Ada"}""")]
    [InlineData("""{"person":false}""")]
    [InlineData("""{"person":null,"error":"You have insufficient credits"}""")]
    [InlineData("""{"person":null,"error_code":"API_INACCESSIBLE"}""")]
    [InlineData("""{"person":{"first_name":"A""")]
    [InlineData("<html></html>")]
    public void Anything_else_is_unreadable_and_its_cost_unknown(string json) =>
        Assert.Equal(new ProviderAnswer.Failed(ProviderFailure.Unreadable, 200, null), Read(json));

    [Fact]
    public void Bytes_that_are_not_utf8_are_unreadable() =>
        Assert.IsType<ProviderAnswer.Failed>(ApolloAnswer.Read((byte[])[.. """{"person":{"first_name":" """u8, 0xff, .. "\"}}"u8], 200));

    [Fact]
    public void No_bytes_make_it_throw_and_none_but_a_null_person_make_nobody() =>
        Prop.ForAll<byte[]>(bytes => ApolloAnswer.Read(bytes, 200) is ProviderAnswer.Failed).QuickCheckThrowOnFailure();

    [Fact]
    public void Cut_anywhere_an_answer_is_unreadable()
    {
        var whole = """{"person":{"first_name":"Ada","organization":{"estimated_num_employees":120}}}"""u8.ToArray();
        Assert.All(Enumerable.Range(0, whole.Length), length =>
            Assert.IsType<ProviderAnswer.Failed>(ApolloAnswer.Read(whole.AsMemory(0, length), 200)));
    }

    private static ProviderAnswer Read(string json) => ApolloAnswer.Read(Encoding.UTF8.GetBytes(json), 200);

    private static ProviderAnswer.Found Found(string json) => Assert.IsType<ProviderAnswer.Found>(Read(json));
}
