using System.Text;
using System.Text.Json.Nodes;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.Grains.Campaigns;

namespace LeadGrain.Tests.Campaigns;

public sealed class SmartleadLeadsTests
{
    [Fact]
    public void All_the_vendors_members_are_filled_from_their_usual_spellings_by_the_exact_name_or_else_the_first_that_says_something()
    {
        var lead = TargetConformance.Lead("ada@acme.example") with
        {
            Data = Encoding.UTF8.GetBytes(
                """
                {"email":"ada@acme.example","First Name":"Ada","LASTNAME":"Adler","Company-Name":"Acme","company":"Other","phone":"","Phone Number":"+371 1",
                "Website":"https://acme.example","location":"Riga","LinkedIn URL":"https://linkedin.example/ada","companyUrl":"https://acme.example/about",
                "persona":"CEO","lead_score":85,"custom_fields":{"tier":1},"team_size":7}
                """),
        };

        var sent = JsonNode.Parse(SmartleadLeads.Body([lead], SmartleadSettings.Default))!["lead_list"]!.AsArray().Single()!;

        Assert.Equal(
            """
            {"email":"ada@acme.example","first_name":"Ada","last_name":"Adler","company_name":"Other","phone_number":"\u002B371 1",
            "website":"https://acme.example","location":"Riga","linkedin_profile":"https://linkedin.example/ada","company_url":"https://acme.example/about",
            "custom_fields":{"tier":"1","team_size":"7"}}
            """.ReplaceLineEndings(""),
            sent.ToJsonString());
    }

    [Theory]
    [InlineData("phone_number")]
    [InlineData("phone")]
    [InlineData("website")]
    [InlineData("location")]
    [InlineData("linkedin_profile")]
    [InlineData("linkedin_url")]
    [InlineData("linkedin")]
    [InlineData("company_url")]
    public void A_member_under_any_of_its_spellings_is_no_custom_field(string spelling)
    {
        var lead = TargetConformance.Lead("a@x.example") with { Data = Encoding.UTF8.GetBytes($$"""{"{{spelling}}":"said"}""") };
        var member = spelling switch { "phone" => "phone_number", "linkedin" or "linkedin_url" => "linkedin_profile", _ => spelling };

        var sent = JsonNode.Parse(SmartleadLeads.Body([lead], SmartleadSettings.Default))!["lead_list"]![0]!;

        Assert.Equal($$"""{"email":"a@x.example","{{member}}":"said"}""", sent.ToJsonString());
    }
}
