using System.Net;
using System.Net.Http.Json;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Organizations;

public sealed class LimitsTests
{
    private static readonly Uri s_limits = new("/organization/limits", UriKind.Relative);

    [Fact]
    public async Task Limits_outlive_a_restart_and_are_the_organizations_own()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using (var grid = await TestGrid.StartAsync(database))
        {
            Assert.Equal("""{"requestsPerSecond":null,"burst":null,"maxInFlight":null,"effective":{"requestsPerSecond":null,"burst":null,"maxInFlight":1024}}""", await grid.Client.GetStringAsync(s_limits));
            await SetAsync(grid.Client, new { requestsPerSecond = 7 });
            await SetAsync(grid.Client, new { requestsPerSecond = 9, burst = 30, maxInFlight = 3 });
        }

        await using var next = await TestGrid.StartAsync(database);
        using var theirs = next.NewClient("app-2", "org");
        Assert.Equal("""{"requestsPerSecond":9,"burst":30,"maxInFlight":3,"effective":{"requestsPerSecond":9,"burst":30,"maxInFlight":3}}""", await next.Client.GetStringAsync(s_limits));
        Assert.Null((await theirs.ReadAsync("/organization/limits"))["requestsPerSecond"]);

        await SetAsync(next.Client, new { });
        Assert.Null((await next.Client.ReadAsync("/organization/limits"))["requestsPerSecond"]);
    }

    [Fact]
    public async Task A_limit_set_through_one_gateway_is_learned_by_the_next_and_holds_its_organization_only()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using (var grid = await TestGrid.StartAsync(database))
        {
            await SetAsync(grid.Client, new { requestsPerSecond = 1, burst = 1 });
        }

        await using var next = await TestGrid.StartAsync(database);
        using var theirs = next.NewClient("app-2", "org");
        using var refused = await RefusedAsync(next.Client);
        Assert.Equal("1", refused.Headers.GetValues("RateLimit-Limit").Single());
        Assert.NotNull(refused.Headers.RetryAfter);
        for (var n = 0; n < 20; n++)
        {
            Assert.Null(await theirs.NextAsync("ns"));
        }
    }

    private static async Task<HttpResponseMessage> RefusedAsync(HttpClient client)
    {
        // Several at once: one alone could be slower than the rate.
        HttpResponseMessage[] answers = [];
        await Eventually.Async("the limit is learned", async () =>
        {
            Array.ForEach(answers, answer => answer.Dispose());
            answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => client.PostAsJsonAsync("/buffer/next", new { @namespace = "ns" })));
            return answers.Any(IsRefused);
        });
        Array.ForEach([.. answers.Where(answer => !IsRefused(answer)).Concat(answers.Where(IsRefused).Skip(1))], answer => answer.Dispose());
        return answers.First(IsRefused);

        static bool IsRefused(HttpResponseMessage answer) => answer.StatusCode == HttpStatusCode.TooManyRequests;
    }

    private static async Task SetAsync(HttpClient client, object limits)
    {
        using var answer = await client.PutAsJsonAsync(s_limits, limits);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }
}
