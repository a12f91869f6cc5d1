using System.Net;
using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.GrainInterfaces.Leads;
using LeadGrain.GrainInterfaces.Namespaces;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Gateway;

public sealed class ListTests
{
    private static readonly DateTimeOffset Noon = new(2024, 1, 15, 12, 0, 0, TimeSpan.FromHours(2));

    [Fact]
    public async Task A_served_lead_is_listed_with_its_enrichment_and_in_utc()
    {
        await using var server = await GatewayServer.StartAsync();
        var id = Guid.NewGuid();
        var profile = new PersonProfile("John", "Doe", "CEO", null, "Acme Inc", null, null, null);
        server.Grid.Organization("app/org").Leads.Add(new ServedLead(id, "john@example.com", "x1", "n", "b", "o", "u", Noon, profile));
        server.Grid.Organization("app/org").Leads.Add(new ServedLead(id, "jane@example.com", null, "n", null, null, null, Noon, null));

        var answer = await server.GetAsync("/leads");

        Assert.Equal(
            $$$"""{"leads":[{"id":"{{{id}}}","email":"john@example.com","externalId":"x1","namespace":"n","brandId":"b","clerkOrgId":"o","clerkUserId":"u","servedAt":"2024-01-15T10:00:00Z","enrichment":{"firstName":"John","lastName":"Doe","title":"CEO","linkedinUrl":null,"organizationName":"Acme Inc","organizationDomain":null,"organizationIndustry":null,"organizationSize":null}},{"id":"{{{id}}}","email":"jane@example.com","externalId":null,"namespace":"n","brandId":null,"clerkOrgId":null,"clerkUserId":null,"servedAt":"2024-01-15T10:00:00Z","enrichment":null}],"next":null}""",
            answer.Body);
    }

    [Fact]
    public async Task Every_filter_reaches_the_grain()
    {
        await using var server = await GatewayServer.StartAsync();

        await server.GetAsync("/leads?brandId=b&clerkOrgId=o&clerkUserId=u&namespace=n%2F1&email=%20John%40X.com&servedAfter=2024-01-15T12:00:00%2B02:00&servedBefore=2024-01-16&limit=7");

        Assert.Equal(
            new ServedLeadQuery("n/1", "b", "o", "u", "john@x.com", Noon.ToUniversalTime(), new DateTimeOffset(2024, 1, 16, 0, 0, 0, TimeSpan.Zero), null, 7),
            Assert.Single(server.Grid.Organization("app/org").Queries));
    }

    [Theory]
    [InlineData("2024-01-15T10:00:00Z")]
    [InlineData("2024-01-15T10:00")]
    [InlineData("2024-01-15T10:00:00.0000000Z")]
    [InlineData("2024-01-15T12:00:00+02:00")]
    public async Task An_iso_time_is_understood_even_with_its_plus_unescaped(string time)
    {
        await using var server = await GatewayServer.StartAsync();

        await server.GetAsync($"/leads?servedAfter={time}");

        Assert.Equal(Noon.ToUniversalTime(), Assert.Single(server.Grid.Organization("app/org").Queries).ServedAfter);
    }

    [Fact]
    public async Task Pages_of_leads_follow_on_to_the_end()
    {
        await using var server = await GatewayServer.StartAsync();
        var all = Enumerable.Range(0, 25).Select(n => new ServedLead(Guid.NewGuid(), $"{n}@x.y", null, "n", null, null, null, Noon, null)).ToList();
        server.Grid.Organization("app/org").Leads.AddRange(all);

        var listed = await FollowAsync(server, "/leads?limit=10&brandId=b", "leads", "id");

        Assert.Equal(all.Select(lead => lead.Id.ToString()), listed);
    }

    [Fact]
    public async Task Pages_of_namespaces_follow_on_to_the_end()
    {
        await using var server = await GatewayServer.StartAsync();
        foreach (var name in new[] { "ü/1", "a", "b", "c d", new string('\uFFFD', 255) })
        {
            server.Grid.Organization("app/org").Namespaces[name] = new NamespaceStatus(name, false, 1, 0, 0, 2, 3, null, null, null);
        }

        var listed = await FollowAsync(server, "/namespaces?limit=2", "namespaces", "namespace");

        Assert.Equal(server.Grid.Organization("app/org").Namespaces.Keys, listed);
    }

    [Fact]
    public async Task A_token_is_refused_outside_its_tenant_filters_and_list()
    {
        await using var server = await GatewayServer.StartAsync();
        foreach (var tenant in new[] { "app/org", "app/other" })
        {
            server.Grid.Organization(tenant).Leads.AddRange(Enumerable.Range(0, 3).Select(n => new ServedLead(Guid.NewGuid(), $"{n}@x.y", null, "n", null, null, null, Noon, null)));
        }

        var token = (string?)(await server.GetAsync("/leads?limit=1&brandId=b")).Json["next"];
        using var other = server.NewClient("app", "other");

        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync($"/leads?limit=2&brandId=b&next={token}")).Status);
        (await server.GetAsync($"/leads?limit=1&next={token}")).MustBeProblem(400, "invalid_next", "next");
        (await server.GetAsync($"/leads?limit=1&clerkOrgId=b&next={token}")).MustBeProblem(400, "invalid_next", "next");
        (await server.GetAsync($"/namespaces?next={token}")).MustBeProblem(400, "invalid_next", "next");
        (await server.GetAsync("/leads?next=garbage")).MustBeProblem(400, "invalid_next", "next");
        (await server.GetAsync($"/leads?next={new string('A', 4000)}")).MustBeProblem(400, "invalid_next", "next");
        (await Answer.OfAsync(await other.GetAsync($"/leads?limit=1&brandId=b&next={token}"))).MustBeProblem(400, "invalid_next", "next");
    }

    [Fact]
    public async Task A_namespace_answers_its_counts_and_an_unknown_one_is_not_found()
    {
        var time = new FakeTime();
        await using var server = await GatewayServer.StartAsync(services => services.AddSingleton<TimeProvider>(time));
        server.Grid.Organization("app/org").Namespaces["a/b"] =
            new NamespaceStatus("a/b", true, 1, 4, 5, 2, 3, time.GetUtcNow().AddSeconds(-90.9), Noon, null);

        var known = await server.GetAsync("/namespaces/a%2Fb");
        var unknown = await server.GetAsync("/namespaces/a");

        Assert.Equal(
            """{"namespace":"a/b","paused":true,"waiting":1,"leased":4,"dead":5,"served":2,"skipped":3,"oldestWaitingSince":"2030-01-01T11:58:29.1Z","oldestWaitingAgeSeconds":90,"lastPushAt":"2024-01-15T10:00:00Z","lastPullAt":null}""",
            known.Body);
        unknown.MustBeProblem(404, "namespace_not_found", "namespace");
    }

    private static async Task<List<string>> FollowAsync(GatewayServer server, string path, string list, string id)
    {
        var listed = new List<string>();
        string? next = null;
        do
        {
            var page = (await server.GetAsync(next is null ? path : $"{path}&next={next}")).Json;
            listed.AddRange(page[list]!.AsArray().Select(item => (string)item![id]!));
            next = (string?)page["next"];
        }
        while (next is not null);
        return listed;
    }
}
