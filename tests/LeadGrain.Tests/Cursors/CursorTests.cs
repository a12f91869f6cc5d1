using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Cursors;

public sealed class CursorTests
{
    [Theory]
    [InlineData("""{"page": 5,  "offset":100}""")]
    [InlineData("null")]
    [InlineData("\"text\"")]
    [InlineData("[1.50, {\"b\":1,\"a\":2}]")]
    public async Task A_cursor_is_any_json_and_comes_back_as_given_also_after_a_restart(string state)
    {
        await using var database = await TestDatabase.CreateAsync();
        await using (var grid = await TestGrid.StartAsync(database))
        {
            Assert.Equal("""{"state":null}""", await grid.Client.GetStringAsync(new Uri("/cursor/a%2Fb", UriKind.Relative)));
            await SetAsync(grid.Client, "1");
            await SetAsync(grid.Client, state);
        }

        await using var next = await TestGrid.StartAsync(database);
        Assert.Equal($$"""{"state":{{state}}}""", await next.Client.GetStringAsync(new Uri("/cursor/a%2Fb", UriKind.Relative)));
    }

    private static async Task SetAsync(HttpClient client, string state)
    {
        using var content = new StringContent($$"""{"state":{{state}}}""", null, "application/json");
        using var response = await client.PutAsync(new Uri("/cursor/a%2Fb", UriKind.Relative), content);
        Assert.Equal("""{"ok":true}""", await response.Content.ReadAsStringAsync());
    }
}
