using System.Net.Http.Json;
using LeadGrain.Embedded.Ownership;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Embedded;

public sealed class FencedRequestTests
{
    [Theory]
    [InlineData("/buffer/next", """{"namespace":"ns"}""")]
    [InlineData("/buffer/push", """{"namespace":"ns","leads":[{"email":"c@x.example"}]}""")]
    public async Task Requests_that_meet_the_fence_get_503_and_lose_nothing(string path, string body)
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        await grid.Client.PushAsync("ns", "a@x.example", "b@x.example");
        Assert.Equal("a@x.example", await grid.Client.NextAsync("ns"));

        var term = grid.Services.GetRequiredService<OwnerTerm>();
        var held = term.Current;
        term.Current = null;
        term.ClearSources();
        await database.ExecuteAsync(
            $"""
            select pg_terminate_backend(pid) from pg_stat_activity
            where application_name = '{OwnerTerm.StoreApplicationName}' and datname = current_database()
            """);

        // The first one may meet a session that was cut, the next one has to open another.
        await RefuseAsync();
        await RefuseAsync();

        term.Current = held;
        Assert.Equal(["b@x.example"], await grid.Client.DrainAsync("ns"));
        Assert.Equal((0, 2, 0), await grid.Client.CountsAsync("ns"));

        async Task RefuseAsync()
        {
            using var content = new StringContent(body, null, "application/json");
            using var refused = await grid.Client.PostAsync(new Uri(path, UriKind.Relative), content);
            Assert.Equal(503, (int)refused.StatusCode);
            Assert.Equal("storage_unavailable", (string?)(await refused.Content.ReadFromJsonAsync<System.Text.Json.Nodes.JsonObject>())!["code"]);
        }
    }
}
