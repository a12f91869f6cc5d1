using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Leases;
using LeadGrain.Tests.Gateway;

namespace LeadGrain.Tests.Leases;

public sealed class DeadApiTests
{
    private static readonly DateTimeOffset s_noon = new(2024, 1, 15, 12, 0, 0, TimeSpan.FromHours(2));

    [Fact]
    public async Task A_dead_lead_is_listed_as_it_was_pushed()
    {
        await using var server = await GatewayServer.StartAsync();
        var id = Guid.CreateVersion7();
        var fake = server.Grid.Namespace("app/org/a%2Fb");
        fake.Paused = false;
        fake.Dead.Add(new DeadLead(id, new NewLead("A@b.c", "x1", """{ "n": 1.50 }"""u8.ToArray(), -3), new LeadOrigin("b", null, "u"), 5, s_noon));

        var answer = await server.GetAsync("/namespaces/a%2Fb/dead");

        Assert.Equal(
            $$"""{"leads":[{"id":"{{id}}","email":"A@b.c","externalId":"x1","data":{ "n": 1.50 },"priority":-3,"brandId":"b","clerkOrgId":null,"clerkUserId":"u","attempts":5,"diedAt":"2024-01-15T10:00:00Z"}],"next":null}""",
            answer.Body);
    }

    [Fact]
    public async Task Pages_of_dead_leads_follow_on_to_the_end_and_their_tokens_are_good_for_nothing_else()
    {
        await using var server = await GatewayServer.StartAsync();
        var dead = Enumerable.Range(0, 5).Select(n => Dead($"{n}@x.y")).ToList();
        foreach (var name in new[] { "n", "m" })
        {
            server.Grid.Namespace($"app/org/{name}").Paused = false;
            server.Grid.Namespace($"app/org/{name}").Dead.AddRange(dead);
        }

        var listed = new List<Guid>();
        string? next = null;
        do
        {
            var page = (await server.GetAsync($"/namespaces/n/dead?limit=2&next={next}")).Json;
            listed.AddRange(page["leads"]!.AsArray().Select(lead => (Guid)lead!["id"]!));
            next = (string?)page["next"];
            if (next is not null)
            {
                (await server.GetAsync($"/namespaces/m/dead?limit=2&next={next}")).MustBeProblem(400, "invalid_next", "next");
                (await server.GetAsync($"/namespaces?next={next}")).MustBeProblem(400, "invalid_next", "next");
            }
        }
        while (next is not null);

        Assert.Equal(dead.Select(lead => lead.Id), listed);
        (await server.GetAsync("/namespaces/n/dead?limit=0")).MustBeProblem(400, "invalid_parameter", "limit");
    }

    [Fact]
    public async Task Dead_leads_are_put_back_by_id_or_all_together()
    {
        await using var server = await GatewayServer.StartAsync();
        var fake = server.Grid.Namespace("app/org/50%25%2F2");
        fake.Paused = false;
        fake.Dead.AddRange([Dead("a@b.c"), Dead("b@b.c"), Dead("c@b.c")]);

        var one = await server.PostAsync("/namespaces/50%25%2F2/dead/revive", $$"""{"ids":["{{fake.Dead[1].Id}}","{{Guid.NewGuid()}}"]}""");
        var rest = await server.PostAsync("/namespaces/50%25%2F2/dead/revive", """{"all":true}""");

        Assert.Equal("""{"revived":1}""", one.Body);
        Assert.Equal("""{"revived":2}""", rest.Body);
        Assert.Equal([2, null], fake.Revivals.Select(ids => ids?.Length));
    }

    [Theory]
    [InlineData("{}", "missing_member", "ids")]
    [InlineData("""{"ids":null,"all":null}""", "missing_member", "ids")]
    [InlineData("""{"ids":[]}""", "invalid_member", "ids")]
    [InlineData("""{"ids":"x"}""", "invalid_member", "ids")]
    [InlineData("""{"ids":["x"]}""", "invalid_member", "ids[0]")]
    [InlineData("""{"all":false}""", "invalid_member", "all")]
    [InlineData("""{"all":1}""", "invalid_member", "all")]
    [InlineData("""{"ids":["0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10"],"all":true}""", "invalid_member", "all")]
    public async Task What_to_put_back_is_said_in_exactly_one_way(string body, string code, string member)
    {
        await using var server = await GatewayServer.StartAsync();

        (await server.PostAsync("/namespaces/n/dead/revive", body)).MustBeProblem(400, code, member);

        Assert.Empty(server.Grid.Namespace("app/org/n").Revivals);
    }

    [Fact]
    public async Task An_unknown_namespace_has_no_dead_leads_to_list_or_put_back()
    {
        await using var server = await GatewayServer.StartAsync();

        (await server.GetAsync("/namespaces/n/dead")).MustBeProblem(404, "namespace_not_found", "namespace");
        (await server.PostAsync("/namespaces/n/dead/revive", """{"all":true}""")).MustBeProblem(404, "namespace_not_found", "namespace");
    }

    private static DeadLead Dead(string email) =>
        new(Guid.CreateVersion7(), new NewLead(email, null, null), new LeadOrigin(null, null, null), 5, s_noon);
}
