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

        var first = await Client.AskAsync("/buffer/next", body, "pull-1");
        var again = await Client.AskAsync("/buffer/next", body, "pull-1");
        var other = await Client.AskAsync("/buffer/next", body, "pull-2");

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
        var first = await Client.AskAsync("/buffer/next", body, "kept");

        await shared.RestartAsync();
        shared.Time.Advance(TimeSpan.FromHours(23));
        var again = await Client.AskAsync("/buffer/next", body, "kept");
        shared.Time.Advance(TimeSpan.FromHours(2));
        var anew = await Client.AskAsync("/buffer/next", body, "kept");

        Assert.Equal((first.Body, true), (again.Body, again.Replayed));
        Assert.Equal(("""{"found":false,"leads":[]}""", false), (anew.Body, anew.Replayed));
    }

    [Fact]
    public async Task An_answer_without_leads_is_not_kept()
    {
        var body = new { @namespace = "empty" };
        await Client.PushAsync("empty", "a@x.example");
        await Client.NextAsync("empty");

        var empty = await Client.AskAsync("/buffer/next", body, "empty");
        await Client.PushAsync("empty", "b@x.example");
        var later = await Client.AskAsync("/buffer/next", body, "empty");

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

        var empty = await Client.AskAsync("/buffer/next", body, name);
        await Client.PushAsync(name, "b@x.example", "c@x.example");
        var later = await Client.AskAsync("/buffer/next", body, name);

        Assert.Equal("""{"found":false}""", empty.Body);
        Assert.Equal(("b@x.example", false), ((string)later.Json["lead"]!["email"]!, later.Replayed));
        Assert.Equal((later.Body, true), await Client.RepeatAsync("/buffer/next", body, name));
    }

    [Fact]
    public async Task A_pull_with_a_key_that_found_what_had_been_served_before_waits_like_any_other()
    {
        await Client.PushAsync("waits", "a@x.example", "A@x.example");
        await Client.NextAsync("waits");
        using var waiters = new WaitingPulls(shared.Grid);
        var body = new { @namespace = "waits", waitSeconds = 30 };
        var waiting = Client.AskAsync("/buffer/next", body, "waits");
        await waiters.BecomeAsync(1);

        await Client.PushAsync("waits", "b@x.example");

        var first = await waiting;
        Assert.Equal(("b@x.example", false), ((string)first.Json["lead"]!["email"]!, first.Replayed));
        Assert.Equal((first.Body, true), await Client.RepeatAsync("/buffer/next", body, "waits"));
    }

    [Fact]
    public async Task A_repeated_push_buffers_nothing_twice()
    {
        var body = new { @namespace = "push", leads = new[] { new { email = "a@x.example" }, new { email = "b@x.example" } } };

        var first = await Client.AskAsync("/buffer/push", body, "push");
        await Client.NextAsync("push");
        var again = await Client.AskAsync("/buffer/push", body, "push");

        Assert.Equal(("""{"buffered":2,"skippedAlreadyServed":0}""", false), (first.Body, first.Replayed));
        Assert.Equal((first.Body, true), (again.Body, again.Replayed));
        Assert.Equal((1, 1, 0), await Client.CountsAsync("push"));
    }

    [Fact]
    public async Task A_key_with_another_body_is_refused_and_does_nothing()
    {
        await Client.PushAsync("taken", "a@x.example", "b@x.example");
        await Client.PushAsync("taken-too", "a@x.example");
        await Client.AskAsync("/buffer/next", new { @namespace = "taken" }, "taken");

        var otherBody = await Client.AskAsync("/buffer/next", new { @namespace = "taken", count = 1 }, "taken");
        var otherNamespace = await Client.AskAsync("/buffer/next", new { @namespace = "taken-too" }, "taken");

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

        var mine = await Client.AskAsync("/buffer/next", new { @namespace = "tenants" }, "same");
        var theirs = await other.AskAsync("/buffer/next", new { @namespace = "tenants" }, "same");

        Assert.Equal(("a@x.example", "b@x.example"), ((string)mine.Json["lead"]!["email"]!, (string)theirs.Json["lead"]!["email"]!));
        Assert.False(theirs.Replayed);
    }

    [Fact]
    public async Task A_repeat_while_the_first_request_waits_is_told_to_come_later()
    {
        var body = new { @namespace = "running", waitSeconds = 30 };
        using var waiters = new WaitingPulls(shared.Grid);
        var first = Client.AskAsync("/buffer/next", body, "running");
        await waiters.BecomeAsync(1);
        await Eventually.Async("the namespace has the pull that waits", () => IsInUse("running"));

        var second = await Client.AskAsync("/buffer/next", body, "running");
        var third = await Client.AskAsync("/buffer/next", new { @namespace = "running" }, "running");
        await Client.PushAsync("running", "a@x.example");

        Assert.Equal((HttpStatusCode.Conflict, "request_in_progress", TimeSpan.FromSeconds(1)), (second.Status, (string)second.Json["code"]!, second.RetryAfter));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "idempotency_key_reused"), (third.Status, (string)third.Json["code"]!));
        Assert.Equal("a@x.example", (string)(await first).Json["lead"]!["email"]!);
        Assert.Equal(((await first).Body, true), await Client.RepeatAsync("/buffer/next", body, "running"));
    }

    [Fact]
    public async Task A_hundred_repeats_at_once_take_one_lead()
    {
        await Client.PushAsync("hundred", [.. Enumerable.Range(0, 100).Select(n => $"lead{n}@x.example")]);
        var body = new { @namespace = "hundred" };

        await Client.MustBeOneAsync("/buffer/next", body, "hundred");

        Assert.Equal((99, 1, 0), await Client.CountsAsync("hundred"));
    }

    [Fact]
    public async Task A_hundred_repeats_at_once_of_a_push_are_one()
    {
        var body = new { @namespace = "pushed", leads = Enumerable.Range(0, 3).Select(n => new { email = $"lead{n}@x.example" }) };

        await Client.MustBeOneAsync("/buffer/push", body, "pushed");

        Assert.Equal((3, 0, 0), await Client.CountsAsync("pushed"));
    }

    [Fact]
    public async Task A_key_that_is_older_than_answers_are_kept_for_is_removed_unasked_and_is_new_then()
    {
        var body = new { @namespace = "aged", leads = new[] { new { email = "a@x.example" } } };
        await Client.AskAsync("/buffer/push", body, "aged");
        shared.Time.Advance(TimeSpan.FromHours(23));
        await Client.AskAsync("/buffer/push", new { @namespace = "younger", leads = body.leads }, "younger");
        shared.Time.Advance(TimeSpan.FromHours(2));

        // Whatever key is looked up has old ones removed on the way.
        await Client.AskAsync("/buffer/push", new { @namespace = "youngest", leads = body.leads }, "youngest");

        var old = shared.Time.GetUtcNow().UtcDateTime.AddHours(-24);
        await Eventually.FindAsync(
            "no old key is left", () => shared.Database.ScalarAsync<long>("select count(*) from idempotency_keys where created_at < $1", old), left => left == 0);
        Assert.Equal(2, await shared.Database.ScalarAsync<long>("select count(*) from idempotency_keys where key like 'young%'"));
        var anew = await Client.AskAsync("/buffer/push", body, "aged");
        Assert.Equal(("""{"buffered":1,"skippedAlreadyServed":0}""", false), (anew.Body, anew.Replayed));
        Assert.Equal((2, 0, 0), await Client.CountsAsync("aged"));
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

            var first = await Client.AskAsync("/buffer/next", body, $"fenced-{n}");
            var (again, _) = await Client.RepeatAsync("/buffer/next", body, $"fenced-{n}");

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
}
