using System.Net;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Idempotency;
using LeadGrain.Tests.Buffer;
using LeadGrain.Tests.Leases;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Idempotency;

public sealed class RepeatTests(LeaseGrid shared) : IClassFixture<LeaseGrid>
{
    private HttpClient Client => shared.Client;

    [Fact]
    public async Task A_pull_repeated_after_a_lost_answer_gets_the_same_lead_again()
    {
        await Client.PushAsync("pull", "a@x.example", "b@x.example");
        var body = new { @namespace = "pull" };

        var first = await AskAsync("/buffer/next", body, "pull-1");
        var again = await AskAsync("/buffer/next", body, "pull-1");
        var other = await AskAsync("/buffer/next", body, "pull-2");

        Assert.Equal((HttpStatusCode.OK, false), (first.Status, first.Replayed));
        Assert.Equal((HttpStatusCode.OK, first.Body, true), (again.Status, again.Body, again.Replayed));
        Assert.Equal("b@x.example", (string)other.Json["lead"]!["email"]!);
        Assert.Equal((0, 2, 0), await Client.CountsAsync("pull"));
    }

    [Fact]
    public async Task A_repeat_is_known_after_a_restart_and_for_a_day()
    {
        await Client.PostAsync(
            "/buffer/push",
            new { @namespace = "kept", brandId = "brand", leads = new[] { new { email = "A@x.example", externalId = "x1", data = new { n = 1.5 } } } });
        var body = new { @namespace = "kept", count = 10 };
        var first = await AskAsync("/buffer/next", body, "kept");

        await shared.RestartAsync();
        shared.Time.Advance(TimeSpan.FromHours(23));
        var again = await AskAsync("/buffer/next", body, "kept");
        shared.Time.Advance(TimeSpan.FromHours(2));
        var anew = await AskAsync("/buffer/next", body, "kept");

        Assert.Equal((first.Body, true), (again.Body, again.Replayed));
        Assert.Equal(("""{"found":false,"leads":[]}""", false), (anew.Body, anew.Replayed));
    }

    [Theory]
    [InlineData("ack")]
    [InlineData("nack")]
    [InlineData("extend")]
    public async Task Leases_of_a_namespace_that_does_not_exist_are_not_held_with_a_key_too(string verb)
    {
        var body = new { @namespace = $"none-{verb}", leaseIds = new[] { Guid.NewGuid() }, leaseSeconds = verb == "extend" ? 60 : (int?)null };

        foreach (var key in new[] { "none", "none", "other" })
        {
            var told = await AskAsync($"/buffer/{verb}", body, key);
            Assert.Equal((HttpStatusCode.OK, "not_held", false), (told.Status, (string?)told.Json["results"]![0]!["outcome"], told.Replayed));
        }
    }

    [Fact]
    public async Task A_repeated_pull_on_lease_gets_the_same_leases_again()
    {
        await Client.PushAsync("leases", "a@x.example", "b@x.example", "c@x.example");
        var body = new { @namespace = "leases", count = 2, leaseSeconds = 600 };

        var first = await AskAsync("/buffer/next", body, "leases");
        var again = await AskAsync("/buffer/next", body, "leases");

        Assert.Equal((first.Body, true), (again.Body, again.Replayed));
        Assert.Equal((1, 2, 0, 0, 0), await Client.AllCountsAsync("leases"));
    }

    [Fact]
    public async Task A_repeat_of_a_pull_on_lease_whose_host_died_on_finding_the_email_served_gets_no_lease_that_nobody_holds()
    {
        await Client.PushAsync("twice", "a@x.example", "a@x.example");
        await Client.NextAsync("twice");
        var body = new { @namespace = "twice", leaseSeconds = 600 };
        Assert.Equal("""{"found":false}""", (await AskAsync("/buffer/next", body, "twice")).Body);
        Assert.Equal((0, 1, 1), await Client.CountsAsync("twice"));

        // As it is when a host dies between the commit that finds it out and the one that skips the lead.
        await shared.Database.DataSource.CreateCommand("delete from skipped_leads").ExecuteNonQueryAsync();
        await shared.RestartAsync();

        Assert.Equal("""{"found":false}""", (await AskAsync("/buffer/next", body, "twice")).Body);
        await Client.PushAsync("twice", "b@x.example");
        var later = await AskAsync("/buffer/next", body, "twice");
        Assert.Equal(("b@x.example", false), ((string)later.Json["lead"]!["email"]!, later.Replayed));
        Assert.Equal((later.Body, true), await RepeatAsync("/buffer/next", body, "twice"));
    }

    [Fact]
    public async Task A_pull_on_lease_is_repeated_as_it_was_when_the_lease_has_been_settled()
    {
        foreach (var verb in new[] { "ack", "nack" })
        {
            await Client.PushAsync(verb, "a@x.example");
            var body = new { @namespace = verb, leaseSeconds = 600 };
            var first = await AskAsync("/buffer/next", body, verb);
            await Client.PostAsync($"/buffer/{verb}", new { @namespace = verb, leaseIds = new[] { (Guid)first.Json["lead"]!["leaseId"]! } });

            Assert.Equal((first.Body, true), await RepeatAsync("/buffer/next", body, verb));
        }
    }

    [Fact]
    public async Task A_pull_on_lease_is_repeated_as_it_was_when_its_lead_was_given_back_and_skipped_since()
    {
        await Client.PushAsync("skipped", "a@x.example");
        var body = new { @namespace = "skipped", leaseSeconds = 600 };
        var first = await AskAsync("/buffer/next", body, "skipped");
        await Client.PostAsync("/buffer/nack", new { @namespace = "skipped", leaseIds = new[] { (Guid)first.Json["lead"]!["leaseId"]! } });
        await Client.PushAsync("skipped", ("A@x.example", 1), ("b@x.example", -1));
        Assert.Equal("A@x.example", await Client.NextAsync("skipped"));
        Assert.Equal("b@x.example", await Client.NextAsync("skipped"));
        Assert.Equal((0, 2, 1), await Client.CountsAsync("skipped"));
        await Client.PushAsync("skipped", "c@x.example");

        Assert.Equal((first.Body, true), await RepeatAsync("/buffer/next", body, "skipped"));
    }

    [Fact]
    public async Task An_answer_without_leads_is_not_kept()
    {
        var body = new { @namespace = "empty" };
        await Client.PushAsync("empty", "a@x.example");
        await Client.NextAsync("empty");

        var empty = await AskAsync("/buffer/next", body, "empty");
        await Client.PushAsync("empty", "b@x.example");
        var later = await AskAsync("/buffer/next", body, "empty");

        Assert.Equal("""{"found":false}""", empty.Body);
        Assert.Equal(("b@x.example", false), ((string)later.Json["lead"]!["email"]!, later.Replayed));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(600)]
    public async Task An_answer_without_leads_is_not_kept_where_the_only_one_had_been_served_before(int? leaseSeconds)
    {
        var name = $"lost-{leaseSeconds}";
        var body = new { @namespace = name, leaseSeconds };
        await Client.PushAsync(name, "a@x.example", "A@x.example");
        await Client.NextAsync(name);

        var empty = await AskAsync("/buffer/next", body, name);
        await Client.PushAsync(name, "b@x.example", "c@x.example");
        var later = await AskAsync("/buffer/next", body, name);

        Assert.Equal("""{"found":false}""", empty.Body);
        Assert.Equal(("b@x.example", false), ((string)later.Json["lead"]!["email"]!, later.Replayed));
        Assert.Equal((later.Body, true), await RepeatAsync("/buffer/next", body, name));
    }

    [Fact]
    public async Task A_pull_with_a_key_that_found_what_had_been_served_before_waits_like_any_other()
    {
        await Client.PushAsync("waits", "a@x.example", "A@x.example");
        await Client.NextAsync("waits");
        using var waiters = new WaitingPulls(shared.Grid);
        var body = new { @namespace = "waits", waitSeconds = 30 };
        var waiting = AskAsync("/buffer/next", body, "waits");
        await waiters.BecomeAsync(1);

        await Client.PushAsync("waits", "b@x.example");

        var first = await waiting;
        Assert.Equal(("b@x.example", false), ((string)first.Json["lead"]!["email"]!, first.Replayed));
        Assert.Equal((first.Body, true), await RepeatAsync("/buffer/next", body, "waits"));
    }

    [Fact]
    public async Task A_repeated_push_buffers_nothing_twice()
    {
        var body = new { @namespace = "push", leads = new[] { new { email = "a@x.example" }, new { email = "b@x.example" } } };

        var first = await AskAsync("/buffer/push", body, "push");
        await Client.NextAsync("push");
        var again = await AskAsync("/buffer/push", body, "push");

        Assert.Equal(("""{"buffered":2,"skippedAlreadyServed":0}""", false), (first.Body, first.Replayed));
        Assert.Equal((first.Body, true), (again.Body, again.Replayed));
        Assert.Equal((1, 1, 0), await Client.CountsAsync("push"));
    }

    [Fact]
    public async Task Repeated_settlements_of_leases_are_answered_as_the_first_time_and_keys_are_scoped_to_the_route()
    {
        await Client.PushAsync("settle", "a@x.example", "b@x.example");
        var leased = await Client.LeaseAsync("settle", count: 2, seconds: 600);
        var body = new { @namespace = "settle", leaseIds = new[] { leased[0].Lease }, leaseSeconds = 60 };

        var extended = await AskAsync("/buffer/extend", body, "settle");
        var acked = await AskAsync("/buffer/ack", body, "settle");
        var nacked = await AskAsync("/buffer/nack", body, "settle");

        Assert.Equal(["extended", "acked", "not_held"], new[] { extended, acked, nacked }.Select(answer => (string)answer.Json["results"]![0]!["outcome"]!));
        Assert.Equal((extended.Body, true), await RepeatAsync("/buffer/extend", body, "settle"));
        Assert.Equal((acked.Body, true), await RepeatAsync("/buffer/ack", body, "settle"));
        Assert.Equal((nacked.Body, true), await RepeatAsync("/buffer/nack", body, "settle"));
    }

    [Fact]
    public async Task A_key_with_another_body_is_refused_and_does_nothing()
    {
        await Client.PushAsync("taken", "a@x.example", "b@x.example");
        await Client.PushAsync("taken-too", "a@x.example");
        await AskAsync("/buffer/next", new { @namespace = "taken" }, "taken");

        var otherBody = await AskAsync("/buffer/next", new { @namespace = "taken", count = 1 }, "taken");
        var otherNamespace = await AskAsync("/buffer/next", new { @namespace = "taken-too" }, "taken");

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "idempotency_key_reused"), (otherBody.Status, (string)otherBody.Json["code"]!));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "idempotency_key_reused"), (otherNamespace.Status, (string)otherNamespace.Json["code"]!));
        Assert.Equal((1, 1, 0), await Client.CountsAsync("taken"));
        Assert.Equal((1, 0, 0), await Client.CountsAsync("taken-too"));
    }

    [Fact]
    public async Task A_key_of_another_organization_is_another_key()
    {
        using var other = shared.Grid.NewClient("app", "other");
        await Client.PushAsync("tenants", "a@x.example");
        await other.PushAsync("tenants", "b@x.example");

        var mine = await AskAsync("/buffer/next", new { @namespace = "tenants" }, "same");
        var theirs = await AskAsync("/buffer/next", new { @namespace = "tenants" }, "same", other);

        Assert.Equal(("a@x.example", "b@x.example"), ((string)mine.Json["lead"]!["email"]!, (string)theirs.Json["lead"]!["email"]!));
        Assert.False(theirs.Replayed);
    }

    [Fact]
    public async Task A_repeat_while_the_first_request_waits_is_told_to_come_later()
    {
        var body = new { @namespace = "running", waitSeconds = 30 };
        using var waiters = new WaitingPulls(shared.Grid);
        var first = AskAsync("/buffer/next", body, "running");
        await waiters.BecomeAsync(1);
        await Eventually.Async("the namespace has the pull that waits", () => IsInUse("running"));

        var second = await AskAsync("/buffer/next", body, "running");
        var third = await AskAsync("/buffer/next", new { @namespace = "running" }, "running");
        await Client.PushAsync("running", "a@x.example");

        Assert.Equal((HttpStatusCode.Conflict, "request_in_progress", TimeSpan.FromSeconds(1)), (second.Status, (string)second.Json["code"]!, second.RetryAfter));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "idempotency_key_reused"), (third.Status, (string)third.Json["code"]!));
        Assert.Equal("a@x.example", (string)(await first).Json["lead"]!["email"]!);
        Assert.Equal(((await first).Body, true), await RepeatAsync("/buffer/next", body, "running"));
    }

    [Fact]
    public async Task A_hundred_repeats_at_once_take_one_lead()
    {
        await Client.PushAsync("hundred", [.. Enumerable.Range(0, 100).Select(n => $"lead{n}@x.example")]);
        var body = new { @namespace = "hundred" };

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => AskAsync("/buffer/next", body, "hundred")));
        var (last, replayed) = await RepeatAsync("/buffer/next", body, "hundred");

        Assert.True(replayed);
        Assert.All(answers, answer => Assert.True(answer.Status == HttpStatusCode.Conflict || answer.Body == last, answer.Body));
        Assert.Single(answers, answer => answer is { Status: HttpStatusCode.OK, Replayed: false });
        Assert.Equal((99, 1, 0), await Client.CountsAsync("hundred"));
    }

    [Fact]
    public async Task A_repeat_whose_first_request_was_superseded_takes_one_lead_in_all()
    {
        await Client.PushAsync("fenced", [.. Enumerable.Range(0, 60).Select(n => $"lead{n}@x.example")]);
        for (var n = 0; n < 30; n++)
        {
            await using var supersede = shared.Database.DataSource.CreateCommand("update namespaces set epoch = epoch + 1 where name = 'fenced'");
            await supersede.ExecuteNonQueryAsync();
            var body = new { @namespace = "fenced" };

            var first = await AskAsync("/buffer/next", body, $"fenced-{n}");
            var (again, _) = await RepeatAsync("/buffer/next", body, $"fenced-{n}");

            Assert.Equal((HttpStatusCode.OK, first.Body), (first.Status, again));
        }

        Assert.Equal((30, 30, 0), await Client.CountsAsync("fenced"));
    }

    private bool IsInUse(string key)
    {
        var (keys, tenant, mine) = (shared.Grid.Services.GetRequiredService<KeyLookups>().InUse, new Tenant("app", "org"), new RequestKey(key, []));
        if (!keys.TryTake(tenant, KeyedRoute.Next, mine, out _))
        {
            return true;
        }

        keys.Release(tenant, KeyedRoute.Next, mine);
        return false;
    }

    private async Task<(string Body, bool Replayed)> RepeatAsync(string path, object body, string key)
    {
        var answer = await AskAsync(path, body, key);
        return (answer.Body, answer.Replayed);
    }

    private Task<Told> AskAsync(string path, object body, string key, HttpClient? client = null) => (client ?? Client).AskAsync(path, body, key);
}
