using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using LeadGrain.Gateway.Buffer;
using LeadGrain.Gateway.Cursors;
using LeadGrain.Gateway.Enrichment;
using LeadGrain.Gateway.Health;
using LeadGrain.Gateway.Leads;
using LeadGrain.Gateway.Leases;
using LeadGrain.Gateway.Namespaces;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.GrainInterfaces.Leads;
using LeadGrain.GrainInterfaces.Leases;
using LeadGrain.GrainInterfaces.Namespaces;

namespace LeadGrain.Tests.Gateway;

/// <summary>Answers are written by hand; this holds them to the records that describe them.</summary>
public sealed class ShapeTests
{
    private static readonly PersonProfile Person = new("a", "b", "c", "d", "e", "f", "g", "h");

    [Fact]
    public async Task Answers_have_exactly_the_members_that_are_described()
    {
        await using var server = await GatewayServer.StartAsync();
        var organization = server.Grid.Organization("app/org");
        organization.Leads.Add(new ServedLead(Guid.NewGuid(), "e", null, "n", null, null, null, default, Person));
        organization.Namespaces["n"] = new NamespaceStatus("n", false, 1, 2, 3, 4, 5, null, null, null);
        server.Grid.Enrichment = new EnrichOutcome.Known(Guid.NewGuid(), Person, false, default);

        var leads = (await server.GetAsync("/leads")).Json;
        var pushed = (await server.PostAsync("/buffer/push", """{"namespace":"n","leads":[{"email":"e"}]}""")).Json;
        var next = (await server.PostAsync("/buffer/next", """{"namespace":"n"}""")).Json;

        MustHave<PushResponse>(pushed);
        MustHave<NextResponse>(next, absent: ["leads", "paused"]);
        MustHave<NextLead>(next["lead"]!, absent: ["leaseId", "leaseExpiresAt", "attempt"]);
        MustHave<EnrichResponse>((await server.PostAsync("/enrich", """{"email":"e"}""")).Json);
        MustHave<LeadsResponse>(leads);
        MustHave<ServedLeadView>(leads["leads"]![0]!);
        MustHave<LeadEnrichment>(leads["leads"]![0]!["enrichment"]!);
        MustHave<NamespacesResponse>((await server.GetAsync("/namespaces")).Json);
        MustHave<NamespaceResponse>((await server.GetAsync("/namespaces/n")).Json);
        MustHave<CursorState>((await server.GetAsync("/cursor/n")).Json);
        MustHave<CursorStored>((await server.PutAsync("/cursor/n", """{"state":1}""")).Json);
        MustHave<HealthResponse>((await server.GetAsync("/health")).Json);
        MustHave<LiveResponse>((await server.GetAsync("/health/live")).Json);
        MustHave<ReadyResponse>((await server.GetAsync("/health/ready")).Json);
        MustHave<ProblemResponse>((await server.GetAsync("/leads?limit=0")).Json);
    }

    [Fact]
    public async Task Answers_about_leases_have_exactly_the_members_that_are_described()
    {
        await using var server = await GatewayServer.StartAsync();
        var fake = server.Grid.Namespace("app/org/n");
        fake.Paused = false;
        fake.Dead.Add(new DeadLead(Guid.NewGuid(), new NewLead("e", null, null), new LeadOrigin(null, null, null), 5, default));
        await server.PostAsync("/buffer/push", """{"namespace":"n","leads":[{"email":"e"}]}""");

        var next = (await server.PostAsync("/buffer/next", """{"namespace":"n","count":1,"leaseSeconds":60}""")).Json;
        var leases = $$"""{"namespace":"n","leaseIds":["{{next["leads"]![0]!["leaseId"]}}"],"leaseSeconds":60}""";
        var extended = (await server.PostAsync("/buffer/extend", leases)).Json;
        var nacked = (await server.PostAsync("/buffer/nack", leases)).Json;
        var acked = (await server.PostAsync("/buffer/ack", leases)).Json;
        var dead = (await server.GetAsync("/namespaces/n/dead")).Json;

        MustHave<NextResponse>(next, absent: ["lead", "paused"]);
        MustHave<NextLead>(next["leads"]![0]!);
        MustHave<ExtendResponse>(extended);
        MustHave<LeaseResult>(extended["results"]![0]!);
        MustHave<NackResponse>(nacked);
        MustHave<LeaseResult>(nacked["results"]![0]!, absent: ["leaseExpiresAt"]);
        MustHave<AckResponse>(acked);
        MustHave<DeadLeadsResponse>(dead);
        MustHave<DeadLeadView>(dead["leads"]![0]!);
        MustHave<ReviveResponse>((await server.PostAsync("/namespaces/n/dead/revive", """{"all":true}""")).Json);
        MustHave<PausedResponse>((await server.PostAsync("/namespaces/n/pause", [], null)).Json);
    }

    private static void MustHave<TShape>(JsonNode answer, params string[] absent)
    {
        var described = typeof(TShape).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name));
        Assert.Equal(described.Except(absent).Order(StringComparer.Ordinal), answer.AsObject().Select(member => member.Key).Order(StringComparer.Ordinal));
    }
}
