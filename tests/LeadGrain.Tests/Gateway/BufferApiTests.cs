using System.Net;
using System.Text;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.Tests.Gateway;

public sealed class BufferApiTests
{
    private const string Push = """
        {
          "namespace": "campaign-123", "brandId": "brand-abc", "clerkOrgId": "org_xyz", "clerkUserId": "user_123", "parentRunId": "run_abc",
          "leads": [ { "email": "john@example.com", "externalId": "apollo_123", "data": { "name": "John" } } ]
        }
        """;

    [Fact]
    public async Task A_pushed_lead_comes_back_once_with_its_data_and_origin()
    {
        await using var server = await GatewayServer.StartAsync();

        var pushed = await server.PostAsync("/buffer/push", Push);
        var first = await server.PostAsync("/buffer/next", """{"namespace":"campaign-123"}""");
        var second = await server.PostAsync("/buffer/next", """{"namespace":"campaign-123","parentRunId":"run_abc"}""");
        var again = await server.PostAsync("/buffer/push", Push);

        Assert.Equal("""{"buffered":1,"skippedAlreadyServed":0}""", pushed.Body);
        Assert.Equal(
            """{"found":true,"lead":{"email":"john@example.com","externalId":"apollo_123","data":{ "name": "John" },"brandId":"brand-abc","clerkOrgId":"org_xyz","clerkUserId":"user_123"}}""",
            first.Body);
        Assert.Equal("""{"found":false}""", second.Body);
        Assert.Equal("""{"buffered":0,"skippedAlreadyServed":1}""", again.Body);
        Assert.Equal("application/json", first.ContentHeaders.ContentType!.MediaType);
        Assert.Equal(Encoding.UTF8.GetByteCount(first.Body), first.ContentHeaders.ContentLength);
    }

    [Theory]
    [InlineData("""{"namespace":"n","leads":[{"email":"a@b.c"}]}""")]
    [InlineData("""{"namespace":"n","brandId":null,"clerkOrgId":null,"clerkUserId":null,"parentRunId":null,"leads":[{"email":"a@b.c","externalId":null,"data":null}]}""")]
    [InlineData("""{"unknown":{"a":[1]},"namespace":"n","leads":[{"email":"a@b.c","unknown":1}]}""")]
    public async Task What_a_push_did_not_say_comes_back_as_null(string push)
    {
        await using var server = await GatewayServer.StartAsync();
        await server.PostAsync("/buffer/push", push);

        var next = await server.PostAsync("/buffer/next", """{"namespace":"n"}""");

        Assert.Equal(
            """{"found":true,"lead":{"email":"a@b.c","externalId":null,"data":null,"brandId":null,"clerkOrgId":null,"clerkUserId":null}}""",
            next.Body);
    }

    [Fact]
    public async Task A_push_of_no_leads_buffers_none()
    {
        await using var server = await GatewayServer.StartAsync();

        var answer = await server.PostAsync("/buffer/push", """{"namespace":"n","leads":[]}""");

        Assert.Equal("""{"buffered":0,"skippedAlreadyServed":0}""", answer.Body);
    }

    [Fact]
    public async Task A_push_of_the_most_leads_arrives_in_order_however_it_is_cut_up()
    {
        await using var server = await GatewayServer.StartAsync();
        var leads = string.Join(",\n", Enumerable.Range(0, 10_000).Select(n => $$"""{"email":"lead{{n}}@example.com","data":{"text":"{{new string('x', 200)}}","n":{{n}} } }"""));

        var answer = await server.PostAsync("/buffer/push", $$"""{"namespace":"n","leads":[{{leads}}]}""");

        Assert.Equal("""{"buffered":10000,"skippedAlreadyServed":0}""", answer.Body);
        var pushed = Assert.Single(server.Grid.Namespace("app/org/n").Pushes);
        Assert.Equal(Enumerable.Range(0, 10_000).Select(n => $"lead{n}@example.com"), pushed.Leads.Select(lead => lead.Email));
    }

    [Fact]
    public async Task Tenants_with_the_same_namespace_do_not_see_each_other()
    {
        await using var server = await GatewayServer.StartAsync();
        await server.PostAsync("/buffer/push", Push);
        using var other = server.NewClient("app", "org/2");

        var next = await Answer.OfAsync(await other.PostAsync("/buffer/next", new StringContent("""{"namespace":"campaign-123"}""", Encoding.UTF8, "application/json")));

        Assert.Equal("""{"found":false}""", next.Body);
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("50% of ünïcode 🚀")]
    [InlineData("..")]
    public async Task A_namespace_of_any_printable_text_reaches_its_grain(string name)
    {
        await using var server = await GatewayServer.StartAsync();

        await server.PostAsync("/buffer/push", $$"""{"namespace":"{{name}}","leads":[{"email":"a@b.c"}]}""");

        Assert.Single(server.Grid.Namespace(new NamespaceKey(new Tenant("app", "org"), name).GrainKey).Pushes);
    }

    [Fact]
    public async Task An_email_is_handed_back_as_it_was_pushed()
    {
        await using var server = await GatewayServer.StartAsync();
        await server.PostAsync("/buffer/push", """{"namespace":"n","leads":[{"email":" John+x@Exämple.com\ud83d\ude80"}]}""");

        var next = await server.PostAsync("/buffer/next", """{"namespace":"n"}""");

        Assert.Equal(" John+x@Exämple.com🚀", (string?)next.Json["lead"]!["email"]);
        Assert.Contains("John+x@", next.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("application/json")]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("Application/JSON; charset=\"UTF-8\"")]
    [InlineData("application/vnd.leads+json")]
    public async Task A_body_declared_as_json_or_as_nothing_is_read(string? contentType)
    {
        await using var server = await GatewayServer.StartAsync();

        var answer = await server.PostAsync("/buffer/next", """{"namespace":"n"}"""u8.ToArray(), contentType);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/json; charset=utf-16")]
    public async Task A_body_declared_as_something_else_is_refused(string contentType)
    {
        await using var server = await GatewayServer.StartAsync();

        var answer = await server.PostAsync("/buffer/next", """{"namespace":"n"}"""u8.ToArray(), contentType);

        answer.MustBeProblem(415, "unsupported_media_type");
    }
}
