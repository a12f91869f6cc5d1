using System.Text;
using LeadGrain.Grains.Campaigns;

namespace LeadGrain.Tests.Campaigns;

public sealed class SmartleadAnswerTests
{
    [Theory]
    [InlineData("""{"ok":true,"upload_count":1,"total_leads":1}""", "accepted")]
    [InlineData("""{"ok":true,"upload_count":1,"total_leads":0,"already_added_to_campaign":1}""", "there")]
    [InlineData("""{"success":true,"added_count":1,"skipped_count":0,"skipped_leads":[]}""", "accepted")]
    [InlineData("""{"added_count":0,"skipped_count":1,"skipped_leads":[{"email":"A@x.example","reason":"already_in_campaign"}]}""", "there")]
    [InlineData("""{"added_count":0,"skipped_count":1,"skipped_leads":[{"email":"A@x.example","reason":"duplicate"}]}""", "there")]
    [InlineData("""{"added_count":0,"skipped_count":1,"skipped_leads":[{"email":"a@x.example","reason":"invalid_email"}]}""", "refused: invalid email")]
    [InlineData("""{"added_count":0,"skipped_count":1,"skipped_leads":["a@x.example"]}""", "refused: skipped")]
    [InlineData("""{"ok":true,"upload_count":1,"total_leads":0,"invalid_email_count":1,"invalid_emails":["a@x.example"]}""", "refused: invalid email")]
    [InlineData("""{"ok":true,"upload_count":1,"total_leads":0,"invalid_email_count":1}""", "refused: invalid email")]
    [InlineData("""{"ok":true,"upload_count":1,"total_leads":0,"unsubscribed_leads":1}""", "refused: unsubscribed")]
    [InlineData("""{"ok":true,"upload_count":1,"total_leads":0,"unsubscribed_leads":["a@x.example"]}""", "refused: unsubscribed")]
    [InlineData("""{"ok":true,"upload_count":1,"total_leads":0,"block_count":1}""", "refused: blocked")]
    [InlineData("""{"ok":true,"upload_count":1,"total_leads":0,"bounce_count":1}""", "refused: bounced")]
    [InlineData("""{"ok":true,"upload_count":1,"total_leads":0,"duplicate_count":1}""", "refused: in another campaign already")]
    [InlineData("""{"ok":true,"total_leads":0,"emailToLeadIdMap":{"newlyAddedLeads":{},"existingLeads":{},"existingLeadsInOtherCampaigns":{"a@x.example":7}}}""", "refused: in another campaign already")]
    [InlineData("""{"ok":true,"total_leads":1,"emailToLeadIdMap":{"newlyAddedLeads":{"a@x.example":17}}}""", "accepted 17")]
    [InlineData("""{"ok":true,"total_leads":0,"already_added_to_campaign":1,"emailToLeadIdMap":{"existingLeads":{"a@x.example":"17"}}}""", "there 17")]
    [InlineData("""{"ok":true,"upload_count":1,"total_leads":0}""", "unsure")] // never judged by upload_count
    [InlineData("""{"ok":false,"is_lead_limit_exhausted":true,"error":"no credits"}""", "exhausted")]
    [InlineData("""{"ok":true,"total_leads":0,"is_lead_limit_exhausted":true}""", "exhausted")]
    [InlineData("""{"ok":false,"total_leads":0,"error":"?"}""", "unreadable")]
    [InlineData("""{"ok":true,"upload_count":1}""", "unreadable")]
    [InlineData("""{"total_leads":""", "unreadable")]
    [InlineData("[]", "unreadable")]
    [InlineData("<html>One moment, please.</html>", "unreadable")]
    [InlineData("""{"added_count":0,"skipped_count":1,"skipped_leads":[{"email":"\ud800","reason":"x"}]}""", "unreadable")]
    public void One_leads_answer_says_what_became_of_it(string body, string expected) =>
        Assert.Equal(expected, Word(Read(body, "a@x.example"), "a@x.example"));

    [Theory]
    [InlineData("""{"ok":true,"total_leads":3}""", "accepted", "accepted", "accepted")]
    [InlineData("""{"ok":true,"total_leads":0,"already_added_to_campaign":3,"duplicate_count":3}""", "there", "there", "there")]
    [InlineData("""{"ok":true,"total_leads":2,"invalid_email_count":1,"invalid_emails":["b@x.example"]}""", "accepted", "refused: invalid email", "accepted")]
    [InlineData("""{"ok":true,"total_leads":1,"invalid_email_count":1,"invalid_emails":["b@x.example"],"unsubscribed_leads":["c@x.example"]}""", "accepted", "refused: invalid email", "refused: unsubscribed")]
    [InlineData("""{"ok":true,"total_leads":2,"invalid_email_count":1,"invalid_emails":[]}""", "unsure", "unsure", "unsure")]
    [InlineData("""{"ok":true,"total_leads":1,"unsubscribed_leads":1,"invalid_email_count":1,"invalid_emails":["a@x.example"]}""", "refused: invalid email", "unsure", "unsure")]
    [InlineData("""{"ok":true,"total_leads":0,"block_count":3}""", "refused: blocked", "refused: blocked", "refused: blocked")]
    [InlineData("""{"ok":true,"total_leads":1,"is_lead_limit_exhausted":true}""", "unsure", "unsure", "unsure")]
    [InlineData("""{"added_count":1,"skipped_count":2,"skipped_leads":[{"email":"c@x.example","reason":"bounced"},{"email":"a@x.example","reason":"already_in_campaign"}]}""", "there", "accepted", "refused: bounced")]
    [InlineData("""{"ok":true,"total_leads":1,"already_added_to_campaign":1,"block_count":1,"emailToLeadIdMap":{"newlyAddedLeads":{"a@x.example":1},"existingLeads":{"b@x.example":2}}}""", "accepted 1", "there 2", "refused: blocked")]
    public void A_batchs_answer_says_it_of_each_lead_or_that_it_cannot_be_told(string body, string a, string b, string c)
    {
        var answer = Read(body, "a@x.example", "b@x.example", "c@x.example");

        Assert.Equal([a, b, c], new[] { "a", "b", "c" }.Select(name => Word(answer, $"{name}@x.example")));
    }

    [Theory]
    [InlineData("""{"ok":true,"total_leads":1,"invalid_email_count":1,"invalid_emails":["b@x.example"],"is_lead_limit_exhausted":true,"emailToLeadIdMap":{"newlyAddedLeads":{"a@x.example":1}}}""", "accepted 1", "refused: invalid email", "exhausted")]
    [InlineData("""{"ok":true,"total_leads":0,"already_added_to_campaign":1,"skipped_count":1,"is_lead_limit_exhausted":true,"emailToLeadIdMap":{"existingLeads":{"a@x.example":1}}}""", "there 1", "exhausted", "exhausted")]
    [InlineData("""{"added_count":0,"skipped_count":1,"skipped_leads":[{"email":"a@x.example","reason":"already_in_campaign"}],"is_lead_limit_exhausted":true}""", "there", "exhausted", "exhausted")]
    [InlineData("""{"ok":false,"is_lead_limit_exhausted":true,"error":"no credits"}""", "exhausted", "exhausted", "exhausted")]
    public void An_exhausted_limit_keeps_out_those_that_are_not_named_and_refuses_none(string body, string a, string b, string c)
        => A_batchs_answer_says_it_of_each_lead_or_that_it_cannot_be_told(body, a, b, c);

    [Theory]
    [InlineData("""{"ok":true,"total_leads":1,"invalid_email_count":1,"invalid_emails":["b@x.example"],"emailToLeadIdMap":{"newlyAddedLeads":{"a@x.example":1}}}""", "accepted 1", "refused: invalid email")]
    [InlineData("""{"ok":true,"total_leads":0,"already_added_to_campaign":1,"duplicate_count":1,"unsubscribed_leads":["b@x.example"],"emailToLeadIdMap":{"existingLeads":{"a@x.example":1}}}""", "there 1", "refused: unsubscribed")]
    [InlineData("""{"added_count":0,"already_added_to_campaign":1,"skipped_count":2,"skipped_leads":[{"email":"b@x.example","reason":"bounced"}],"emailToLeadIdMap":{"existingLeads":{"a@x.example":1}}}""", "there 1", "refused: bounced")]
    [InlineData("""{"ok":true,"total_leads":1,"invalid_emails":["b@x.example"],"emailToLeadIdMap":{"newlyAddedLeads":{"a@x.example":1},"existingLeadsInOtherCampaigns":{"a@x.example":7}}}""", "accepted 1", "refused: invalid email")]
    public void A_lead_is_not_refused_for_what_is_said_of_its_neighbours(string body, string a, string b)
        => A_batchs_answer_says_it_of_each_lead_or_that_it_cannot_be_told(body, a, b, "unsure");

    [Theory]
    [InlineData("already unsubscribed", "refused: unsubscribed")]
    [InlineData("Email already bounced", "refused: bounced")]
    [InlineData("already_in_block_list", "refused: blocked")]
    [InlineData("already opted out", "refused: unsubscribed")]
    [InlineData("Lead already in another campaign", "refused: in another campaign already")]
    [InlineData("duplicate in other campaign", "refused: in another campaign already")]
    [InlineData("already added", "there")]
    [InlineData("Lead already exists in campaign", "there")]
    public void That_something_happened_already_is_success_only_where_it_is_the_adding(string reason, string expected) => Assert.Equal(
        expected,
        Word(Read($$"""{"added_count":0,"skipped_count":1,"skipped_leads":[{"email":"a@x.example","reason":"{{reason}}"}]}""", "a@x.example"), "a@x.example"));

    private static SmartleadAnswer Read(string body, params string[] emails) => SmartleadAnswer.Read(Encoding.UTF8.GetBytes(body), emails);

    [Theory]
    [InlineData("\\u0000", 1, "accepted")]
    [InlineData("9", 256, "accepted")]
    [InlineData("9", 3, "accepted 999")]
    public void An_id_that_cannot_be_kept_is_left_out(string part, int times, string expected)
    {
        var id = string.Concat(Enumerable.Repeat(part, times));
        var answer = Read($$$$"""{"ok":true,"total_leads":1,"emailToLeadIdMap":{"newlyAddedLeads":{"a@x.example":"{{{{id}}}}"}}}""", "a@x.example");

        Assert.Equal(expected, Word(answer, "a@x.example"));
    }

    private static string Word(SmartleadAnswer answer, string email) => answer switch
    {
        SmartleadAnswer.Told told => Word(told.ByEmail[email]),
        SmartleadAnswer.Counted counted => counted.ByEmail.TryGetValue(email, out var known) ? Word(known) : "unsure",
        _ => "unreadable",
    };

    private static string Word(PushResult result) => result switch
    {
        PushResult.Accepted(var id) => $"accepted {id}".TrimEnd(),
        PushResult.AlreadyThere(var id) => $"there {id}".TrimEnd(),
        PushResult.Refused { Why: var why } => $"refused: {why}",
        PushResult.Stop => "exhausted",
        _ => throw new InvalidOperationException($"{result}"),
    };
}
