using System.Net;
using System.Text.Json.Nodes;
using LeadGrain.Sandbox.Apollo;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Isolation;

/// <summary>Two applications with the same organization id, and two organizations of one application, by every route.</summary>
public sealed class TenantIsolationTests
{
    [Theory]
    [InlineData("app-2", "org")]
    [InlineData("app", "org-2")]
    [InlineData("app/org", "org")]
    public async Task Tenants_share_nothing_but_the_enrichment_cache(string app, string org)
    {
        await using var apollo = await FakeApollo.StartAsync();
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(
            database, null, ("APOLLO_SERVICE_URL", apollo.Url.ToString()), ("APOLLO_SERVICE_API_KEY", apollo.ApiKey));
        using var mine = grid.NewClient("app", "org");
        using var theirs = grid.NewClient(app, org);
        await mine.PushAsync("ns", "a@x.example", "b@x.example");
        await mine.NextAsync("ns");
        using var set = await mine.PutAsync(new Uri("/cursor/ns", UriKind.Relative), new StringContent("""{"state":7}""", null, "application/json"));
        Assert.Equal(HttpStatusCode.OK, set.StatusCode);

        Assert.Null(await theirs.NextAsync("ns"));
        Assert.Empty((await theirs.ReadAsync("/leads"))["leads"]!.AsArray());
        Assert.Empty((await theirs.ReadAsync("/leads?namespace=ns&email=a@x.example"))["leads"]!.AsArray());
        Assert.Empty((await theirs.ReadAsync("/namespaces"))["namespaces"]!.AsArray());
        using var status = await theirs.GetAsync(new Uri("/namespaces/ns", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, status.StatusCode);
        Assert.Null((await theirs.ReadAsync("/cursor/ns"))["state"]);

        Assert.Equal((1, 0), await theirs.PushAsync("ns", "a@x.example"));
        Assert.Equal("a@x.example", await theirs.NextAsync("ns"));
        Assert.Equal((1, 1, 0), await mine.CountsAsync("ns"));
        Assert.Equal("b@x.example", await mine.NextAsync("ns"));

        Assert.False((bool)(await EnrichAsync(mine))["cached"]!);
        Assert.True((bool)(await EnrichAsync(theirs))["cached"]!);
        Assert.Single(apollo.Book.Calls);
    }

    [Fact]
    public async Task A_page_token_of_one_tenant_is_worth_nothing_to_another()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        using var theirs = grid.NewClient("app-2", "org");
        await grid.Client.PushAsync("ns", "a@x.example", "b@x.example");
        await grid.Client.DrainAsync("ns");
        var token = (string)(await grid.Client.ReadAsync("/leads?limit=1"))["next"]!;

        using var refused = await theirs.GetAsync(new Uri($"/leads?limit=1&next={token}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    private static Task<JsonNode> EnrichAsync(HttpClient client) => client.PostAsync("/enrich", new { email = "a@x.example" });
}
