using System.Net;
using LeadGrain.Tests.Buffer;
using LeadGrain.Tests.Leases;

namespace LeadGrain.Tests.Idempotency;

/// <summary>Pulls on lease, and what is said of leases, asked for again with the same key.</summary>
public sealed class LeaseRepeatTests(LeaseGrid shared) : IClassFixture<LeaseGrid>
{
    private HttpClient Client => shared.Client;

    [Theory]
    [InlineData("ack")]
    [InlineData("nack")]
    [InlineData("extend")]
    public async Task Leases_of_a_namespace_that_does_not_exist_are_not_held_with_a_key_too(string verb)
    {
        var body = new { @namespace = $"none-{verb}", leaseIds = new[] { Guid.NewGuid() }, leaseSeconds = verb == "extend" ? 60 : (int?)null };

        foreach (var key in new[] { "none", "none", "other" })
        {
            var told = await Client.AskAsync($"/buffer/{verb}", body, key);
            Assert.Equal((HttpStatusCode.OK, "not_held", false), (told.Status, (string?)told.Json["results"]![0]!["outcome"], told.Replayed));
        }
    }

    [Fact]
    public async Task A_repeated_pull_on_lease_gets_the_same_leases_again()
    {
        await Client.PushAsync("leases", "a@x.example", "b@x.example", "c@x.example");
        var body = new { @namespace = "leases", count = 2, leaseSeconds = 600 };

        var first = await Client.AskAsync("/buffer/next", body, "leases");
        var again = await Client.AskAsync("/buffer/next", body, "leases");

        Assert.Equal((first.Body, true), (again.Body, again.Replayed));
        Assert.Equal((1, 2, 0, 0, 0), await Client.AllCountsAsync("leases"));
    }

    [Fact]
    public async Task A_repeat_of_a_pull_on_lease_whose_host_died_on_finding_the_email_served_gets_no_lease_that_nobody_holds()
    {
        await Client.PushAsync("twice", "a@x.example", "a@x.example");
        await Client.NextAsync("twice");
        var body = new { @namespace = "twice", leaseSeconds = 600 };
        Assert.Equal("""{"found":false}""", (await Client.AskAsync("/buffer/next", body, "twice")).Body);
        Assert.Equal((0, 1, 1), await Client.CountsAsync("twice"));

        // As it is when a host dies between the commit that finds it out and the one that skips the lead.
        await shared.Database.DataSource.CreateCommand("delete from skipped_leads").ExecuteNonQueryAsync();
        await shared.RestartAsync();

        Assert.Equal("""{"found":false}""", (await Client.AskAsync("/buffer/next", body, "twice")).Body);
        await Client.PushAsync("twice", "b@x.example");
        var later = await Client.AskAsync("/buffer/next", body, "twice");
        Assert.Equal(("b@x.example", false), ((string)later.Json["lead"]!["email"]!, later.Replayed));
        Assert.Equal((later.Body, true), await Client.RepeatAsync("/buffer/next", body, "twice"));
    }

    [Fact]
    public async Task A_pull_on_lease_is_repeated_as_it_was_when_the_lease_has_been_settled()
    {
        foreach (var verb in new[] { "ack", "nack" })
        {
            await Client.PushAsync(verb, "a@x.example");
            var body = new { @namespace = verb, leaseSeconds = 600 };
            var first = await Client.AskAsync("/buffer/next", body, verb);
            await Client.PostAsync($"/buffer/{verb}", new { @namespace = verb, leaseIds = new[] { (Guid)first.Json["lead"]!["leaseId"]! } });

            Assert.Equal((first.Body, true), await Client.RepeatAsync("/buffer/next", body, verb));
        }
    }

    [Fact]
    public async Task A_pull_on_lease_is_repeated_as_it_was_when_its_lead_was_given_back_and_skipped_since()
    {
        await Client.PushAsync("skipped", "a@x.example");
        var body = new { @namespace = "skipped", leaseSeconds = 600 };
        var first = await Client.AskAsync("/buffer/next", body, "skipped");
        await Client.PostAsync("/buffer/nack", new { @namespace = "skipped", leaseIds = new[] { (Guid)first.Json["lead"]!["leaseId"]! } });
        await Client.PushAsync("skipped", ("A@x.example", 1), ("b@x.example", -1));
        Assert.Equal("A@x.example", await Client.NextAsync("skipped"));
        Assert.Equal("b@x.example", await Client.NextAsync("skipped"));
        Assert.Equal((0, 2, 1), await Client.CountsAsync("skipped"));
        await Client.PushAsync("skipped", "c@x.example");

        Assert.Equal((first.Body, true), await Client.RepeatAsync("/buffer/next", body, "skipped"));
    }

    [Fact]
    public async Task Repeated_settlements_of_leases_are_answered_as_the_first_time_and_keys_are_scoped_to_the_route()
    {
        await Client.PushAsync("settle", "a@x.example", "b@x.example");
        var leased = await Client.LeaseAsync("settle", count: 2, seconds: 600);
        var body = new { @namespace = "settle", leaseIds = new[] { leased[0].Lease }, leaseSeconds = 60 };

        var extended = await Client.AskAsync("/buffer/extend", body, "settle");
        var acked = await Client.AskAsync("/buffer/ack", body, "settle");
        var nacked = await Client.AskAsync("/buffer/nack", body, "settle");

        Assert.Equal(["extended", "acked", "not_held"], new[] { extended, acked, nacked }.Select(answer => (string)answer.Json["results"]![0]!["outcome"]!));
        Assert.Equal((extended.Body, true), await Client.RepeatAsync("/buffer/extend", body, "settle"));
        Assert.Equal((acked.Body, true), await Client.RepeatAsync("/buffer/ack", body, "settle"));
        Assert.Equal((nacked.Body, true), await Client.RepeatAsync("/buffer/nack", body, "settle"));
    }

    [Fact]
    public async Task A_hundred_repeats_at_once_of_an_acknowledgement_are_one()
    {
        await Client.PushAsync("acked", "a@x.example", "b@x.example");
        var leased = await Client.LeaseAsync("acked", seconds: 600);

        await Client.MustBeOneAsync("/buffer/ack", new { @namespace = "acked", leaseIds = leased.Select(lead => lead.Lease) }, "acked");

        Assert.Equal((1, 0, 0, 1, 0), await Client.AllCountsAsync("acked"));
    }

    [Theory]
    [InlineData("push")]
    [InlineData("ack")]
    [InlineData("nack")]
    [InlineData("extend")]
    public async Task A_key_with_another_body_is_refused_and_does_nothing_whatever_it_was_used_for(string verb)
    {
        var (name, path) = ($"other-{verb}", $"/buffer/{verb}");
        await Client.PushAsync(name, "a@x.example", "b@x.example", "c@x.example");
        var leased = await Client.LeaseAsync(name, count: 2, seconds: 600);
        Assert.Equal(HttpStatusCode.OK, (await Client.AskAsync(path, Body(0), verb)).Status);
        var before = await StateAsync();

        var refused = await Client.AskAsync(path, Body(1), verb);

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "idempotency_key_reused"), (refused.Status, (string)refused.Json["code"]!));
        Assert.Equal(before, await StateAsync());
        Assert.Equal(HttpStatusCode.OK, (await Client.AskAsync(path, Body(1), $"{verb} again")).Status);
        Assert.NotEqual(before, await StateAsync());

        object Body(int which) => verb switch
        {
            "push" => new { @namespace = name, leads = new[] { new { email = $"new{which}@x.example" } } },
            "extend" => new { @namespace = name, leaseIds = new[] { leased[which].Lease }, leaseSeconds = 900 },
            _ => new { @namespace = name, leaseIds = new[] { leased[which].Lease } },
        };

        async Task<string> StateAsync() => $"{await Client.AllCountsAsync(name)} " + await shared.Database.ScalarAsync<string>(
            "select coalesce(string_agg(h::text, ' ' order by h::text), '') from held_leads h join namespaces n on n.id = h.namespace_id where n.name = $1", name);
    }
}
