using System.Net;
using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.Tests.Gateway;

public sealed class EnrichmentApiTests
{
    private const string Body = """{"email":" John@Example.com"}""";

    [Fact]
    public async Task A_known_person_is_answered_with_every_field()
    {
        await using var server = await GatewayServer.StartAsync();
        var id = Guid.NewGuid();
        server.Grid.Enrichment = new EnrichOutcome.Known(
            id, new PersonProfile("John", "Doe", "CEO", "https://linkedin.com/in/johndoe", "Acme Inc", "acme.com", "Technology", "51-200"), true, default);

        var answer = await server.PostAsync("/enrich", Body);

        Assert.Equal(
            $$"""{"id":"{{id}}","email":" John@Example.com","firstName":"John","lastName":"Doe","title":"CEO","linkedinUrl":"https://linkedin.com/in/johndoe","organizationName":"Acme Inc","organizationDomain":"acme.com","organizationIndustry":"Technology","organizationSize":"51-200","cached":true,"found":true}""",
            answer.Body);
        Assert.Equal(new Tenant("app", "org"), Assert.Single(server.Grid.Email("john@example.com").Requesters));
    }

    [Fact]
    public async Task Nobody_is_answered_with_nulls()
    {
        await using var server = await GatewayServer.StartAsync();
        server.Grid.Enrichment = new EnrichOutcome.Known(Guid.NewGuid(), null, false, default);

        var answer = await server.PostAsync("/enrich", Body);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.False((bool)answer.Json["found"]!);
        Assert.False((bool)answer.Json["cached"]!);
        Assert.True(answer.Json.AsObject().ContainsKey("organizationSize"));
        Assert.Null(answer.Json["firstName"]);
    }

    public static TheoryData<string, int?, int, string> Failures() => new()
    {
        { nameof(ProviderFailure.Refused), null, 503, "provider_refused" },
        { nameof(ProviderFailure.Throttled), null, 503, "provider_throttled" },
        { nameof(ProviderFailure.Throttled), 30, 503, "provider_throttled" },
        { nameof(ProviderFailure.Rejected), null, 502, "provider_rejected" },
        { nameof(ProviderFailure.Unavailable), null, 502, "provider_unavailable" },
        { nameof(ProviderFailure.Unavailable), 5, 503, "provider_unavailable" },
        { nameof(ProviderFailure.TimedOut), null, 504, "provider_timed_out" },
        { nameof(ProviderFailure.Unreadable), null, 502, "provider_unreadable" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_providers_failure_has_a_status_and_code_of_its_own(string kind, int? retryAfter, int status, string code)
    {
        await using var server = await GatewayServer.StartAsync();
        TimeSpan? wait = retryAfter is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        server.Grid.Enrichment = new EnrichOutcome.ProviderFailed(Enum.Parse<ProviderFailure>(kind), wait);

        var answer = await server.PostAsync("/enrich", Body);

        answer.MustBeProblem(status, code);
        Assert.Equal(wait, answer.Headers.RetryAfter?.Delta);
    }

    [Fact]
    public async Task An_enrichment_under_way_elsewhere_says_when_to_ask_again()
    {
        await using var server = await GatewayServer.StartAsync();
        server.Grid.Enrichment = new EnrichOutcome.InProgress(TimeSpan.FromMilliseconds(1200));

        var answer = await server.PostAsync("/enrich", Body);

        answer.MustBeProblem(503, "enrichment_in_progress");
        Assert.Equal(TimeSpan.FromSeconds(2), answer.Headers.RetryAfter!.Delta);
    }

    [Fact]
    public async Task Without_a_provider_enrichment_is_not_configured()
    {
        await using var server = await GatewayServer.StartAsync();

        (await server.PostAsync("/enrich", Body)).MustBeProblem(503, "enrichment_not_configured");
    }
}
