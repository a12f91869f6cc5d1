using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Routing;
using static LeadGrain.Tests.Routing.RuleMaker;

namespace LeadGrain.Tests.Routing;

public sealed class ConditionTests
{
    private const string Body =
        """{"country":"DE","size":120,"sizeText":"120","vip":true,"none":null,"tags":["a","Beta",3],"company":{"name":"Acme Corp","offices":[{"city":"Ulm"}]},"":1}""";

    [Theory]
    [InlineData("country", ConditionOperator.Equals, "t:de", true)]
    [InlineData("country", ConditionOperator.Equals, "t:fr", false)]
    [InlineData("size", ConditionOperator.Equals, "n:120.0", true)]
    [InlineData("sizeText", ConditionOperator.Equals, "n:120", true)]
    [InlineData("vip", ConditionOperator.Equals, "b:true", true)]
    [InlineData("none", ConditionOperator.Equals, "t:null", false)]
    [InlineData("tags", ConditionOperator.Equals, "t:a", false)]
    [InlineData("country", ConditionOperator.In, "t:fr|t:DE", true)]
    [InlineData("country", ConditionOperator.In, "t:fr|t:it", false)]
    [InlineData("company.name", ConditionOperator.Contains, "t:acme", true)]
    [InlineData("tags", ConditionOperator.Contains, "t:beta", true)]
    [InlineData("tags", ConditionOperator.Contains, "n:3", true)]
    [InlineData("tags", ConditionOperator.Contains, "t:c", false)]
    [InlineData("size", ConditionOperator.Contains, "n:1", false)]
    [InlineData("company.offices.0.city", ConditionOperator.Equals, "t:Ulm", true)]
    [InlineData("company.offices.1.city", ConditionOperator.Exists, "b:true", false)]
    [InlineData("company.offices.-1", ConditionOperator.Exists, "b:true", false)]
    [InlineData("none", ConditionOperator.Exists, "b:true", false)]
    [InlineData("none", ConditionOperator.Exists, "b:false", true)]
    [InlineData("vip", ConditionOperator.Exists, "b:true", true)]
    [InlineData("missing", ConditionOperator.Equals, "t:", false)]
    [InlineData("size", ConditionOperator.Gt, "n:119.5", true)]
    [InlineData("size", ConditionOperator.Gt, "n:120", false)]
    [InlineData("sizeText", ConditionOperator.Gte, "n:120", true)]
    [InlineData("size", ConditionOperator.Lt, "n:120", false)]
    [InlineData("size", ConditionOperator.Lte, "n:120", true)]
    [InlineData("country", ConditionOperator.Lt, "n:5", false)]
    [InlineData("vip", ConditionOperator.Gte, "n:0", false)]
    public void A_condition_looks_at_a_field_of_the_body(string path, ConditionOperator how, string values, bool holds)
    {
        using var lead = Lead(body: Body);

        Assert.Equal(holds, lead.Satisfies(Where(path, how, [.. values.Split('|').Select(Value)])));
    }

    [Theory]
    [InlineData("persona", ConditionOperator.Equals, "t:vp", true)]
    [InlineData("lead_score", ConditionOperator.Gte, "n:80", true)]
    [InlineData("score", ConditionOperator.Lt, "n:85", false)]
    [InlineData("source", ConditionOperator.Equals, "t:clay", true)]
    [InlineData("source.x", ConditionOperator.Exists, "b:true", false)]
    [InlineData("Persona", ConditionOperator.Equals, "t:Boss", true)] // the body's own
    public void What_the_lead_is_shown_with_is_found_where_the_body_does_not_name_it_so(string path, ConditionOperator how, string value, bool holds)
    {
        using var lead = new RuleInput(Guid.NewGuid(), new NewRoutedLead("a@x.example", "VP", 85, "clay", """{"Persona":"Boss","Lead Score":"85"}"""u8.ToArray()));

        Assert.Equal(holds, lead.Satisfies(Where(path, how, Value(value))));
    }

    [Theory]
    [InlineData("10150146071791729", "10150146071791729", true)]
    [InlineData("10150146071791728", "10150146071791729", false)] // one as doubles
    [InlineData("\"10150146071791728\"", "10150146071791729", false)]
    [InlineData("1e2", "100", true)]
    [InlineData("1e300", "1e300", true)]
    [InlineData("0.1", "0.10", true)]
    public void Numbers_are_the_same_by_all_of_their_digits(string field, string value, bool same)
    {
        using var lead = Lead(body: $$"""{"id":{{field}}}""");

        Assert.Equal(same, lead.Satisfies(Where("id", ConditionOperator.Equals, Number(value))));
        Assert.Equal(same, lead.Satisfies(Where("id", ConditionOperator.In, Number(value), Number("7"))));
    }

    private static ConditionValue Value(string text) => text[0] switch
    {
        't' => Text(text[2..]),
        'n' => Number(text[2..]),
        _ => Truth(text[2..] == "true"),
    };
}
