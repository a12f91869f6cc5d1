using System.Reflection;
using System.Text.Json.Nodes;
using LeadGrain.Gateway.Campaigns;
using LeadGrain.Gateway.Crm;
using LeadGrain.Gateway.Idempotency;
using LeadGrain.Gateway.Ingestion;
using LeadGrain.Gateway.Pipeline;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Routing;
using LeadGrain.Gateway.Security;

namespace LeadGrain.Tests.Gateway;

public sealed class OpenApiHeaderTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private const string Clay = "ingestClayLead";
    private const string Smartlead = "receiveSmartleadWebhook";

    private static readonly string[] s_open = ["getHealth", "getLiveness", "getReadiness"];

    // They count against no rate: over their limit an owner must get at them.
    private static readonly string[] s_unrated = ["getLimits", "setLimits", "createKey", "listKeys", "revokeKey"];

    private static readonly string[] s_ofAnyLimit = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];

    private static readonly Dictionary<string, string[]> s_readers = new()
    {
        [IdempotencyKey.Header] =
            ["acknowledgeLeases", "extendLeases", "ingestLead", "postLead", "pullNextLead", "pushLeads", "returnLeases"],
        [Caller.WhyHeader] =
        [
            "addSuppressions", "cancelJob", "changeRule", "createKey", "createRule", "deleteCampaign", "deleteRule", "deleteSecret", "exportLeads", "getRaw",
            "importLeads", "ingestLead", "pauseCampaign", "pauseNamespace", "putCampaign", "removeSuppressions", "replaceRule", "replayRaw", "resumeCampaign", "resumeNamespace", "retryPushes", "revokeKey",
            "rotateCampaignSecret", "routeHeldLeads", "setGate", "setLimits", "setSecret", "setSmartleadSettings",
        ],
        [CrmChangeInput.UserHeader] = ["changeLead"],
        ["If-Match"] = ["changeLead"],
        [ClayApi.SignatureHeader] = [Clay],
        [ClayApi.TokenHeader] = [Clay],
        [ClayApi.DeliveryHeader] = [Clay],
        [FeedbackApi.SignatureHeader] = [Smartlead],
    };

    [Fact]
    public async Task Every_header_that_is_read_is_described_on_the_routes_that_read_it()
    {
        var operations = await OperationsAsync();
        string[] gated = [.. Ids(operations).Except([.. s_open, Clay, Smartlead])];
        var readers = new Dictionary<string, string[]>(s_readers)
        {
            [TenantGate.AppHeader] = gated,
            [TenantGate.OrgHeader] = gated,
            [RequestIdentity.Header] = [.. gated, Smartlead],
        };

        Assert.Empty(Constants().Except([.. readers.Keys, TenantGate.KeyHeader, KeyedAnswer.ReplayedHeader]));
        foreach (var (header, ids) in readers)
        {
            Assert.Equal([header, .. ids.Order()], [header, .. Ids(operations.Where(operation => Describes(operation, header)))]);
        }
    }

    [Fact]
    public async Task Deliveries_are_proven_by_schemes_of_their_own_and_all_else_by_the_key()
    {
        var operations = await OperationsAsync();
        var schemes = (await DocumentAsync())["components"]!["securitySchemes"]!;

        Assert.Equal(
            [("ClaySignature", "X-Clay-Signature"), ("ClayToken", "X-Clay-Token")], Proofs(operations.Single(operation => Id(operation) == Clay)));
        Assert.Equal([("SmartleadSignature", "X-Smartlead-Signature")], Proofs(operations.Single(operation => Id(operation) == Smartlead)));
        Assert.All(
            operations.Where(operation => !s_open.Append(Clay).Append(Smartlead).Contains(Id(operation))),
            operation => Assert.Contains(("ApiKey", TenantGate.KeyHeader), Proofs(operation)));

        IEnumerable<(string Scheme, string Header)> Proofs(JsonNode operation) => operation["security"]!.AsArray()
            .SelectMany(one => one!.AsObject().Select(scheme => (scheme.Key, (string)schemes[scheme.Key]!["name"]!)));
    }

    [Fact]
    public async Task Every_answer_within_a_rate_describes_its_fields()
    {
        foreach (var operation in await OperationsAsync())
        {
            foreach (var (status, answer) in operation["responses"]!.AsObject())
            {
                string[] expected = s_open.Append(Smartlead).Contains(Id(operation)) ? [] // whose sender repeats no 429
                    : !s_unrated.Contains(Id(operation)) && status != "401" ? [.. s_ofAnyLimit, "RateLimit-Policy"]
                    : status == "429" ? s_ofAnyLimit : [];
                Assert.Equal([Id(operation), status, .. expected], [Id(operation), status, .. RateLimits(answer!)]);
            }
        }

        var headers = (await DocumentAsync())["components"]!["headers"]!;
        Assert.All(s_ofAnyLimit, name => Assert.Equal("integer", (string?)headers[name]!["schema"]!["type"]));
        Assert.Equal("string", (string?)headers["RateLimit-Policy"]!["schema"]!["type"]);
    }

    [Fact]
    public async Task Headers_that_a_caller_needs_later_are_described_on_their_answers()
    {
        var operations = await OperationsAsync();
        string[] keyed = [.. s_readers[IdempotencyKey.Header].Except(["postLead"])];
        foreach (var (header, status, ids) in ((string, string, string[])[])
            [("ETag", "200", ["changeLead", "getLead"]), ("Location", "202", ["replayRaw"]), (KeyedAnswer.ReplayedHeader, "200", [.. keyed, Clay])])
        {
            Assert.Equal(
                [header, .. ids.Order()],
                [header, .. Ids(operations.Where(operation => operation["responses"]![status]?["headers"]?[header]?["description"] is not null))]);
        }
    }

    [Fact]
    public async Task A_parameter_of_the_query_without_which_nothing_is_done_is_required()
    {
        var required = (await OperationsAsync()).SelectMany(operation => (operation["parameters"]?.AsArray() ?? [])
            .Where(parameter => (string?)parameter!["in"] == "query" && (bool?)parameter["required"] == true)
            .Select(parameter => $"{Id(operation)} {parameter!["name"]}"));

        Assert.Equal([$"{Clay} orgId", $"{Smartlead} orgId"], required.Order());
    }

    [Fact]
    public async Task A_body_that_comes_too_slowly_is_described_wherever_there_is_a_body()
    {
        var operations = await OperationsAsync();

        Assert.Equal(
            Ids(operations.Where(operation => operation["requestBody"] is not null)),
            Ids(operations.Where(operation => operation["responses"]!["408"]?["content"]?.AsObject().Single().Value!["example"] is not null)));
    }

    private static string[] RateLimits(JsonNode answer) =>
    [
        .. (answer["headers"]?.AsObject() ?? [])
            .Where(header => (string?)header.Value!["$ref"] == $"#/components/headers/{header.Key}")
            .Select(header => header.Key),
    ];

    private static IEnumerable<string> Constants() => typeof(TenantGate).Assembly.GetTypes()
        .Where(type => type != typeof(ProblemCodes) && type != typeof(CrossOrigin)) // whose constants are a code, and a list of headers
        .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public))
        .Where(field => field is { IsLiteral: true } && field.FieldType == typeof(string) && field.Name.EndsWith("Header", StringComparison.Ordinal))
        .Select(field => (string)field.GetRawConstantValue()!);

    private static bool Describes(JsonNode operation, string header) => (operation["parameters"]?.AsArray() ?? [])
        .Any(parameter => (string?)parameter!["in"] == "header" && (string?)parameter["name"] == header
            && parameter["description"] is not null && parameter["required"] is null);

    private static string[] Ids(IEnumerable<JsonNode> operations) => [.. operations.Select(Id).Order()];

    private static string Id(JsonNode operation) => (string)operation["operationId"]!;

    private async Task<JsonNode> DocumentAsync() => (await shared.Server.GetAsync("/openapi/v1.json")).Json;

    private async Task<List<JsonNode>> OperationsAsync() =>
        [.. (await DocumentAsync())["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(operation => operation.Value!))];
}
