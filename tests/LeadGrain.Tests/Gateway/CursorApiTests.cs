using System.Text;
using LeadGrain.Gateway.Namespaces;

namespace LeadGrain.Tests.Gateway;

public sealed class CursorApiTests
{
    [Theory]
    [InlineData("""{ "page": 5,  "offset": 100 }""")]
    [InlineData("null")]
    [InlineData("[1.50, \"\\u00e9\"]")]
    [InlineData("\"text\"")]
    public async Task A_cursor_of_any_json_comes_back_as_it_was_set(string state)
    {
        await using var server = await GatewayServer.StartAsync();

        var set = await server.PutAsync("/cursor/campaign-123", $$"""{"state":{{state}}}""");
        var got = await server.GetAsync("/cursor/campaign-123");

        Assert.Equal("""{"ok":true}""", set.Body);
        Assert.Equal($$"""{"state":{{state}}}""", got.Body);
    }

    [Fact]
    public async Task A_cursor_that_was_never_set_is_null()
    {
        await using var server = await GatewayServer.StartAsync();

        Assert.Equal("""{"state":null}""", (await server.GetAsync("/cursor/new")).Body);
    }

    [Fact]
    public async Task A_cursor_without_state_is_refused()
    {
        await using var server = await GatewayServer.StartAsync();

        (await server.PutAsync("/cursor/n", """{"page":5}""")).MustBeProblem(400, "missing_member", "state");
    }

    [Theory]
    [InlineData("a%2Fb", "a/b")]
    [InlineData("a%252Fb", "a%2Fb")]
    [InlineData("a%2fb%2Fc?x=/y", "a/b/c")]
    [InlineData("a%20b+c", "a b+c")]
    [InlineData("%C3%BC%2F%F0%9F%9A%80", "ü/🚀")]
    [InlineData("100%25", "100%")]
    [InlineData("n/", "n")]
    public async Task A_namespace_in_a_path_is_percent_decoded_once(string path, string name)
    {
        await using var server = await GatewayServer.StartAsync();

        await server.PutAsync($"/cursor/{path}", """{"state":1}""");

        Assert.Equal("1", Encoding.UTF8.GetString(server.Grid.Namespace($"app/org/{Uri.EscapeDataString(name)}").Cursor ?? []));
    }

    [Theory]
    [InlineData("%FF")]
    [InlineData("%C3%28")]
    [InlineData("a%0Ab")]
    [InlineData("%20")]
    [InlineData("a%2F%01")]
    public async Task A_bad_namespace_in_a_path_is_refused(string path)
    {
        await using var server = await GatewayServer.StartAsync();

        (await server.GetAsync($"/cursor/{path}")).MustBeProblem(400, "invalid_parameter", "namespace");
    }

    [Fact]
    public async Task An_over_long_namespace_in_a_path_is_refused()
    {
        await using var server = await GatewayServer.StartAsync();

        (await server.GetAsync($"/cursor/{new string('x', 256)}")).MustBeProblem(400, "invalid_parameter", "namespace");
        (await server.GetAsync($"/namespaces/{new string('x', 256)}")).MustBeProblem(400, "invalid_parameter", "namespace");
    }

    [Theory]
    [InlineData("%")]
    [InlineData("%2")]
    [InlineData("%zz")]
    [InlineData("%+1")]
    [InlineData("%F0%9F")]
    public void A_broken_escape_does_not_decode(string encoded) => Assert.Null(NamespaceRoute.Decode(encoded));
}
