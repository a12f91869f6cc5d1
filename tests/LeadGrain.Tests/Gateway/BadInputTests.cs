using System.Net;
using System.Text;

namespace LeadGrain.Tests.Gateway;

public sealed class BadInputTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private static readonly string Long256 = new('x', 256);
    private static readonly string Long321 = new('x', 321);

    public static TheoryData<string, string, string, string?> BadBodies() => new()
    {
        { "/buffer/next", "", "invalid_json", null },
        { "/buffer/next", " ", "invalid_json", null },
        { "/buffer/next", "[]", "invalid_json", null },
        { "/buffer/next", "\"text\"", "invalid_json", null },
        { "/buffer/next", "null", "invalid_json", null },
        { "/buffer/next", "{\"namespace\":\"n\"", "invalid_json", null },
        { "/buffer/next", "{\"namespace\":\"n\"}}", "invalid_json", null },
        { "/buffer/next", "{\"namespace\":\"n\",}", "invalid_json", null },
        { "/buffer/next", "{namespace:\"n\"}", "invalid_json", null },
        { "/buffer/next", "{\"namespace\":\"a\0b\"}", "invalid_json", null },
        { "/buffer/next", "{\"namespace\":\"n\"}\0", "invalid_json", null },
        { "/buffer/next", "{}", "missing_member", "namespace" },
        { "/buffer/next", "{\"Namespace\":\"n\"}", "missing_member", "namespace" },
        { "/buffer/next", "{\"namespace\":null}", "missing_member", "namespace" },
        { "/buffer/next", "{\"namespace\":7}", "invalid_member", "namespace" },
        { "/buffer/next", "{\"namespace\":{}}", "invalid_member", "namespace" },
        { "/buffer/next", "{\"namespace\":\"\"}", "invalid_member", "namespace" },
        { "/buffer/next", "{\"namespace\":\" \"}", "invalid_member", "namespace" },
        { "/buffer/next", "{\"namespace\":\"a\\nb\"}", "invalid_member", "namespace" },
        { "/buffer/next", "{\"namespace\":\"a\\u009fb\"}", "invalid_member", "namespace" },
        { "/buffer/next", $"{{\"namespace\":\"{Long256}\"}}", "invalid_member", "namespace" },
        { "/buffer/next", "{\"namespace\":\"n\",\"parentRunId\":7}", "invalid_member", "parentRunId" },
        { "/buffer/next", $"{{\"namespace\":\"n\",\"parentRunId\":\"{Long256}\"}}", "invalid_member", "parentRunId" },
        { "/buffer/next", "{\"namespace\":\"a\\u0000b\"}", "invalid_text", null },
        { "/buffer/next", "{\"namespace\":\"n\",\"other\":[\"\\u0000\"]}", "invalid_text", null },
        { "/buffer/next", "{\"namespace\":\"n\",\"other\":\"\\ud800\"}", "invalid_text", null },
        { "/buffer/next", "{\"namespace\":\"n\",\"other\":\"\\udc00\\ud800\"}", "invalid_text", null },
        { "/buffer/next", "{\"namespace\":\"n\",\"\\uDBFFx\":1}", "invalid_text", null },
        { "/buffer/next", "{\"namespace\":\"n\",\"namespace\":\"m\"}", "duplicate_member", "namespace" },
        { "/buffer/next", "{\"namespace\":\"n\",\"n\\u0061mespace\":\"m\"}", "duplicate_member", "namespace" },
        { "/buffer/push", "{\"leads\":[]}", "missing_member", "namespace" },
        { "/buffer/push", "{\"namespace\":\"n\"}", "missing_member", "leads" },
        { "/buffer/push", "{\"namespace\":\"n\",\"leads\":{}}", "invalid_member", "leads" },
        { "/buffer/push", "{\"namespace\":\"n\",\"leads\":\"x\"}", "invalid_member", "leads" },
        { "/buffer/push", "{\"namespace\":\"n\",\"leads\":[],\"brandId\":1}", "invalid_member", "brandId" },
        { "/buffer/push", "{\"namespace\":\"n\",\"leads\":[],\"clerkOrgId\":[]}", "invalid_member", "clerkOrgId" },
        { "/buffer/push", "{\"namespace\":\"n\",\"leads\":[],\"clerkUserId\":true}", "invalid_member", "clerkUserId" },
        { "/buffer/push", $"{{\"namespace\":\"n\",\"leads\":[],\"brandId\":\"{Long256}\"}}", "invalid_member", "brandId" },
        { "/buffer/push", Leads("7"), "invalid_member", "leads[1]" },
        { "/buffer/push", Leads("null"), "invalid_member", "leads[1]" },
        { "/buffer/push", Leads("{}"), "missing_member", "leads[1].email" },
        { "/buffer/push", Leads("{\"email\":null}"), "missing_member", "leads[1].email" },
        { "/buffer/push", Leads("{\"email\":7}"), "invalid_member", "leads[1].email" },
        { "/buffer/push", Leads("{\"email\":\"\"}"), "invalid_member", "leads[1].email" },
        { "/buffer/push", Leads("{\"email\":\" \\t \"}"), "invalid_member", "leads[1].email" },
        { "/buffer/push", Leads("{\"email\":\"a\\u0007@b.c\"}"), "invalid_member", "leads[1].email" },
        { "/buffer/push", Leads($"{{\"email\":\"{Long321}\"}}"), "invalid_member", "leads[1].email" },
        { "/buffer/push", Leads("{\"email\":\"a@b.c\",\"externalId\":7}"), "invalid_member", "leads[1].externalId" },
        { "/buffer/push", Leads($"{{\"email\":\"a@b.c\",\"externalId\":\"{Long256}\"}}"), "invalid_member", "leads[1].externalId" },
        { "/buffer/push", Leads("{\"email\":\"a@b.c\",\"data\":{\"x\":1,\"y\":[0,{\"z\":1,\"z\":2}]}}"), "duplicate_member", "leads[1].data.y[1].z" },
        { "/buffer/push", Leads("{\"email\":\"a@b.c\",\"data\":{\"x\":\"\\\\\\u0000\"}}"), "invalid_text", null },
        { "/buffer/push", Leads("{\"email\":\"a@b.c\",\"priority\":1.5}"), "invalid_member", "leads[1].priority" },
        { "/buffer/push", Leads("{\"email\":\"a@b.c\",\"priority\":\"1\"}"), "invalid_member", "leads[1].priority" },
        { "/buffer/push", Leads("{\"email\":\"a@b.c\",\"priority\":true}"), "invalid_member", "leads[1].priority" },
        { "/buffer/push", Leads("{\"email\":\"a@b.c\",\"priority\":1000000001}"), "invalid_member", "leads[1].priority" },
        { "/buffer/push", Leads("{\"email\":\"a@b.c\",\"priority\":-1000000001}"), "invalid_member", "leads[1].priority" },
        { "/buffer/push", Leads("{\"email\":\"a@b.c\",\"priority\":99999999999999999999}"), "invalid_member", "leads[1].priority" },
        { "/buffer/next", "{\"namespace\":\"n\",\"count\":0}", "invalid_member", "count" },
        { "/buffer/next", "{\"namespace\":\"n\",\"count\":1001}", "invalid_member", "count" },
        { "/buffer/next", "{\"namespace\":\"n\",\"count\":2.0}", "invalid_member", "count" },
        { "/buffer/next", "{\"namespace\":\"n\",\"count\":\"2\"}", "invalid_member", "count" },
        { "/buffer/next", "{\"namespace\":\"n\",\"leaseSeconds\":0}", "invalid_member", "leaseSeconds" },
        { "/buffer/next", "{\"namespace\":\"n\",\"leaseSeconds\":86401}", "invalid_member", "leaseSeconds" },
        { "/buffer/next", "{\"namespace\":\"n\",\"leaseSeconds\":1e3}", "invalid_member", "leaseSeconds" },
        { "/buffer/next", "{\"namespace\":\"n\",\"waitSeconds\":-1}", "invalid_member", "waitSeconds" },
        { "/buffer/next", "{\"namespace\":\"n\",\"waitSeconds\":31}", "invalid_member", "waitSeconds" },
        { "/buffer/next", "{\"namespace\":\"n\",\"waitSeconds\":[1]}", "invalid_member", "waitSeconds" },
        { "/enrich", "{}", "missing_member", "email" },
        { "/enrich", "{\"email\":[]}", "invalid_member", "email" },
        { "/enrich", "{\"email\":\"  \"}", "invalid_member", "email" },
        { "/enrich", $"{{\"email\":\"{Long321}\"}}", "invalid_member", "email" },
    };

    [Theory]
    [MemberData(nameof(BadBodies))]
    public async Task A_bad_body_is_refused_by_name(string path, string body, string code, string? member)
    {
        var server = shared.Server;

        var answer = await server.PostAsync(path, body);

        answer.MustBeProblem(400, code, member);
    }

    [Fact]
    public async Task A_body_that_is_not_utf8_is_refused()
    {
        var server = shared.Server;

        var answer = await server.PostAsync("/buffer/next", [.. "{\"namespace\":\"n\",\"x\":\""u8, 0xC3, 0x28, .. "\"}"u8]);

        answer.MustBeProblem(400, "invalid_text");
    }

    [Theory]
    [InlineData('[', ']')]
    [InlineData('{', '}')]
    public async Task A_body_ten_thousand_deep_is_refused(char open, char close)
    {
        var server = shared.Server;
        var deep = open == '['
            ? new string(open, 10_000) + new string(close, 10_000)
            : string.Concat(Enumerable.Repeat("{\"a\":", 10_000)) + "1" + new string(close, 10_000);

        var answer = await server.PostAsync("/buffer/next", $$"""{"namespace":"n","x":{{deep}}}""");

        answer.MustBeProblem(400, "invalid_json");
        Assert.Contains("deeper than 64", (string?)answer.Json["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_than_ten_thousand_leads_are_refused()
    {
        var server = shared.Server;
        var leads = string.Join(',', Enumerable.Repeat("""{"email":"a@b.c"}""", 10_001));

        var answer = await server.PostAsync("/buffer/push", $$"""{"namespace":"n","leads":[{{leads}}]}""");

        answer.MustBeProblem(400, "too_many_leads", "leads");
    }

    [Theory]
    [InlineData(1024 * 1024, HttpStatusCode.OK)]
    [InlineData((1024 * 1024) + 1, HttpStatusCode.BadRequest)]
    public async Task Lead_data_may_be_a_mebibyte_of_json(int bytes, HttpStatusCode status)
    {
        var server = shared.Server;
        var data = new string('x', bytes - 2);

        var answer = await server.PostAsync("/buffer/push", $$"""{"namespace":"n","leads":[{"email":"a@b.c","data":"{{data}}"}]}""");

        Assert.Equal(status, answer.Status);
        if (status != HttpStatusCode.OK)
        {
            answer.MustBeProblem(400, "invalid_member", "leads[0].data");
        }
    }

    [Theory]
    [InlineData("/buffer/push", 32 * 1024 * 1024, true)]
    [InlineData("/buffer/next", 1024 * 1024, true)]
    [InlineData("/buffer/next", 1024 * 1024, false)]
    [InlineData("/enrich", 1024 * 1024, false)]
    public async Task A_body_over_its_routes_limit_is_refused(string path, int limit, bool declared)
    {
        var server = shared.Server;
        var body = new byte[limit + 1];
        body.AsSpan().Fill((byte)' ');
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = declared ? new ByteArrayContent(body) : new StreamContent(new MemoryStream(body)),
        };
        request.Headers.TransferEncodingChunked = !declared;
        request.Headers.ExpectContinue = true;

        var answer = await Answer.OfAsync(await server.Client.SendAsync(request));

        answer.MustBeProblem(413, "body_too_large");
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=-1", "limit")]
    [InlineData("limit=1001", "limit")]
    [InlineData("limit=ten", "limit")]
    [InlineData("limit=1.5", "limit")]
    [InlineData("limit=%2B5", "limit")]
    [InlineData("limit=99999999999999999999", "limit")]
    [InlineData("limit=1&limit=2", "limit")]
    [InlineData("servedAfter=yesterday", "servedAfter")]
    [InlineData("servedAfter=1705312800", "servedAfter")]
    [InlineData("servedBefore=2024-13-01T00:00:00Z", "servedBefore")]
    [InlineData("servedBefore=01/02/2024", "servedBefore")]
    [InlineData("brandId=a%00b", "brandId")]
    [InlineData("email=a%0Ab", "email")]
    public async Task A_bad_query_parameter_is_refused_by_name(string query, string name)
    {
        var server = shared.Server;

        (await server.GetAsync($"/leads?{query}")).MustBeProblem(400, "invalid_parameter", name);
    }

    [Fact]
    public async Task An_over_long_filter_matches_nothing_but_is_no_error()
    {
        var server = shared.Server;

        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync($"/leads?brandId={new string('b', 5000)}&unknown=1")).Status);
    }

    [Fact]
    public async Task A_body_cut_short_leaves_the_server_alive()
    {
        var server = shared.Server;
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(server.App.Urls.Single()).Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /buffer/next HTTP/1.1\r\nHost: x\r\nX-API-Key: {GatewayServer.Key}\r\nX-App-Id: a\r\nX-Org-Id: o\r\nContent-Length: 50\r\n\r\n{{\"names"));
        socket.Client.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        await Record.ExceptionAsync(() => stream.CopyToAsync(Stream.Null));

        // Whether an answer or a reset comes first is up to the network.
        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/health")).Status);
    }

    [Theory]
    [InlineData("fffffffff", "/buffer/next")] // larger than the server counts
    [InlineData("80000000", "/buffer/next")]
    [InlineData("zz", "/buffer/next")]
    [InlineData("-1", "/buffer/next")]
    [InlineData("fffffffff", "/api/lead")]
    [InlineData("fffffffff", "/api/ingest")]
    [InlineData("fffffffff", "/api/ingest/clay?orgId=o&appId=a")]
    [InlineData("fffffffff", "/webhooks/smartlead?orgId=o&appId=a")]
    public Task A_chunk_of_an_impossible_size_is_a_bad_request(string size, string route) => MustBeBadAsync(route, $"{size}\r\n");

    [Theory]
    [InlineData("X: \0", "/buffer/next")]
    [InlineData("X: a\0b", "/api/lead")]
    [InlineData("\0: a", "/api/ingest")]
    public Task A_trailer_that_is_no_text_is_a_bad_request(string trailer, string route) => MustBeBadAsync(route, $"2\r\n{{}}\r\n0\r\n{trailer}\r\n\r\n");

    private async Task MustBeBadAsync(string route, string body)
    {
        using var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(shared.Server.App.Urls.Single()).Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST {route} HTTP/1.1\r\nHost: x\r\nX-API-Key: {GatewayServer.Key}\r\nX-App-Id: a\r\nX-Org-Id: o\r\nTransfer-Encoding: chunked\r\n\r\n{body}"));
        using var reader = new StreamReader(stream);

        Assert.Equal("HTTP/1.1 400 Bad Request", await reader.ReadLineAsync());
        Assert.Contains("bad_request", await reader.ReadToEndAsync(), StringComparison.Ordinal);
    }

    private static string Leads(string second) => $$"""{"namespace":"n","leads":[{"email":"first@b.c"},{{second}}]}""";
}
