using System.Text.Json.Nodes;
using LeadGrain.Sandbox.Apollo;
using LeadGrain.Tests.Outbound;
using LeadGrain.Tests.Postgres;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Tests.Runs;

public sealed class RunsOverHttpTests
{
    [Fact]
    public async Task A_push_a_pull_and_an_enrichment_each_become_a_child_run_that_is_closed()
    {
        await using var runs = await LoopbackServer.Start((heard, context) =>
            context.Response.WriteAsync(heard.Method == "POST" ? $$"""{"id":"run-{{heard.Text.GetHashCode():x}}"}""" : "{}"));
        await using var apollo = await FakeApollo.StartAsync();
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(
            database, null, ("RUNS_SERVICE_URL", runs.Url), ("APOLLO_SERVICE_URL", apollo.Url.ToString()), ("APOLLO_SERVICE_API_KEY", apollo.ApiKey));

        await grid.Client.PostAsync("/buffer/push", new { @namespace = "ns", parentRunId = "p1", leads = new[] { new { email = "a@x.example" } } });
        await grid.Client.PostAsync("/buffer/next", new { @namespace = "ns", parentRunId = "p2" });
        await grid.Client.PostAsync("/enrich", new { email = "a@x.example", parentRunId = "p3" });
        await grid.Client.PostAsync("/buffer/next", new { @namespace = "ns" });
        await Eventually.Async("three runs are begun and closed", () => runs.Requests.Count == 6);

        var begun = runs.Requests.Where(r => (r.Method, r.Path) == ("POST", "/v1/runs")).Select(r => JsonNode.Parse(r.Text)!).ToList();
        Assert.Equal(["p1", "p2", "p3"], begun.Select(r => (string)r["parentRunId"]!).Order());
        Assert.Equal(3, begun.Select(r => (string)r["taskName"]!).Distinct().Count());
        Assert.All(begun, r => Assert.Equal(("org", "leadgrain"), ((string)r["organizationId"]!, (string)r["serviceName"]!)));
        Assert.Equal(3, runs.Requests.Count(r => r.Method == "PATCH" && (string)JsonNode.Parse(r.Text)!["status"]! == "completed"));
    }

    [Fact]
    public async Task A_runs_service_that_never_answers_slows_no_request_and_fails_none()
    {
        await using var runs = await LoopbackServer.Start((_, context) => Task.Delay(Timeout.Infinite, context.RequestAborted));
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("RUNS_SERVICE_URL", runs.Url));

        var pushes = Enumerable.Range(0, 100).Select(i => grid.Client.PostAsync(
            "/buffer/push", new { @namespace = "ns", parentRunId = $"p{i}", leads = new[] { new { email = $"a{i}@x.example" } } }));

        // The runs service's time-out alone is 5 s; a hundred requests that waited for it would take minutes.
        await Task.WhenAll(pushes).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal((100, 0, 0), await grid.Client.CountsAsync("ns"));
    }
}
