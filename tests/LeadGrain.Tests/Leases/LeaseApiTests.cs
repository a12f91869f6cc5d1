using System.Net;
using LeadGrain.GrainInterfaces.Leases;
using LeadGrain.Tests.Gateway;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Leases;

public sealed class LeaseApiTests(SharedServer shared) : IClassFixture<SharedServer>
{
    private const string Some = "0190d2a4-7c1e-7f3a-9d43-0f4a2b6c8d10";

    public static TheoryData<string, string, string, string?> BadBodies() => new()
    {
        { "/buffer/ack", "{\"leaseIds\":[\"" + Some + "\"]}", "missing_member", "namespace" },
        { "/buffer/ack", "{\"namespace\":\"n\"}", "missing_member", "leaseIds" },
        { "/buffer/ack", Ids("7"), "invalid_member", "leaseIds" },
        { "/buffer/ack", Ids("{}"), "invalid_member", "leaseIds" },
        { "/buffer/ack", Ids("[]"), "invalid_member", "leaseIds" },
        { "/buffer/ack", Ids("[7]"), "invalid_member", "leaseIds[0]" },
        { "/buffer/ack", Ids("[null]"), "invalid_member", "leaseIds[0]" },
        { "/buffer/ack", Ids($"[\"{Some}\",\"{Some[..^1]}\"]"), "invalid_member", "leaseIds[1]" },
        { "/buffer/ack", Ids($"[\"{Some}\",\"{{{Some}}}\"]"), "invalid_member", "leaseIds[1]" },
        { "/buffer/ack", Ids($"[\"{Some}\",\"{Some.ToUpperInvariant()}\"]"), "invalid_member", "leaseIds[1]" },
        { "/buffer/ack", Ids($"[{string.Join(',', Enumerable.Range(0, 1_001).Select(_ => $"\"{Guid.NewGuid()}\""))}]"), "invalid_member", "leaseIds" },
        { "/buffer/ack", Ids($"[\"{Some}\"],\"parentRunId\":7"), "invalid_member", "parentRunId" },
        { "/buffer/nack", Ids("[\"x\"]"), "invalid_member", "leaseIds[0]" },
        { "/buffer/nack", Ids($"[\"{Some}\"],\"delaySeconds\":-1"), "invalid_member", "delaySeconds" },
        { "/buffer/nack", Ids($"[\"{Some}\"],\"delaySeconds\":86401"), "invalid_member", "delaySeconds" },
        { "/buffer/nack", Ids($"[\"{Some}\"],\"delaySeconds\":0.5"), "invalid_member", "delaySeconds" },
        { "/buffer/extend", Ids($"[\"{Some}\"]"), "missing_member", "leaseSeconds" },
        { "/buffer/extend", Ids($"[\"{Some}\"],\"leaseSeconds\":null"), "missing_member", "leaseSeconds" },
        { "/buffer/extend", Ids($"[\"{Some}\"],\"leaseSeconds\":0"), "invalid_member", "leaseSeconds" },
        { "/buffer/extend", Ids($"[\"{Some}\"],\"leaseSeconds\":86401"), "invalid_member", "leaseSeconds" },
        { "/buffer/extend", Ids("[],\"leaseSeconds\":5"), "invalid_member", "leaseIds" },
    };

    [Theory]
    [MemberData(nameof(BadBodies))]
    public async Task A_bad_body_is_refused_by_name_before_any_grain_is_asked(string path, string body, string code, string? member)
    {
        (await shared.Server.PostAsync(path, body)).MustBeProblem(400, code, member);

        Assert.Empty(shared.Server.Grid.Namespace("app/org/n").Settlements);
    }

    [Fact]
    public async Task A_leased_lead_carries_its_lease_until_it_is_acknowledged()
    {
        var time = new FakeTime();
        await using var server = await GatewayServer.StartAsync(services => services.AddSingleton<TimeProvider>(time));
        server.Grid.Time = time;
        await server.PostAsync("/buffer/push", """{"namespace":"n","leads":[{"email":"a@b.c"}]}""");

        var next = await server.PostAsync("/buffer/next", """{"namespace":"n","leaseSeconds":90}""");
        var id = (string?)next.Json["lead"]!["leaseId"];
        var acked = await server.PostAsync("/buffer/ack", $$"""{"namespace":"n","leaseIds":["{{id}}","{{Some}}"]}""");
        var late = await server.PostAsync("/buffer/ack", $$"""{"namespace":"n","leaseIds":["{{id}}"]}""");

        Assert.Equal(
            $$$"""{"found":true,"lead":{"email":"a@b.c","externalId":null,"data":null,"brandId":null,"clerkOrgId":null,"clerkUserId":null,"leaseId":"{{{id}}}","leaseExpiresAt":"2030-01-01T12:01:30Z","attempt":1}}""",
            next.Body);
        Assert.Equal(
            $$"""{"results":[{"leaseId":"{{id}}","outcome":"acked"},{"leaseId":"{{Some}}","outcome":"not_held"}],"acked":1,"notHeld":1}""", acked.Body);
        Assert.Equal($$"""{"results":[{"leaseId":"{{id}}","outcome":"not_held"}],"acked":0,"notHeld":1}""", late.Body);
    }

    [Fact]
    public async Task Leases_are_given_back_with_their_delay_and_counted_by_what_became_of_them()
    {
        await using var server = await GatewayServer.StartAsync();
        var fake = server.Grid.Namespace("app/org/n");
        var (first, second) = (await LeaseAsync(server, "a@b.c"), await LeaseAsync(server, "b@b.c"));

        var returned = await server.PostAsync("/buffer/nack", $$"""{"namespace":"n","leaseIds":["{{first}}","{{Some}}"],"delaySeconds":86400}""");
        fake.Return = LeaseFate.Dead;
        var dead = await server.PostAsync("/buffer/nack", $$"""{"namespace":"n","leaseIds":["{{second}}"]}""");

        Assert.Equal(
            $$"""{"results":[{"leaseId":"{{first}}","outcome":"returned"},{"leaseId":"{{Some}}","outcome":"not_held"}],"returned":1,"dead":0,"notHeld":1}""",
            returned.Body);
        Assert.Equal($$"""{"results":[{"leaseId":"{{second}}","outcome":"dead"}],"returned":0,"dead":1,"notHeld":0}""", dead.Body);
        Assert.Equal(
            [new LeaseAction.Nack(TimeSpan.FromDays(1)), new LeaseAction.Nack(TimeSpan.Zero)],
            fake.Settlements.Select(command => command.Action));
    }

    [Fact]
    public async Task Leases_are_extended_from_now()
    {
        var time = new FakeTime();
        await using var server = await GatewayServer.StartAsync(services => services.AddSingleton<TimeProvider>(time));
        server.Grid.Time = time;
        var id = await LeaseAsync(server, "a@b.c");
        time.Advance(TimeSpan.FromSeconds(10));

        var answer = await server.PostAsync("/buffer/extend", $$"""{"namespace":"n","leaseIds":["{{id}}"],"leaseSeconds":60}""");

        Assert.Equal(
            $$"""{"results":[{"leaseId":"{{id}}","outcome":"extended","leaseExpiresAt":"2030-01-01T12:01:10Z"}],"extended":1,"notHeld":0}""",
            answer.Body);
    }

    [Fact]
    public async Task A_thousand_leases_go_in_one_request_and_keep_their_order()
    {
        await using var server = await GatewayServer.StartAsync();
        var ids = Enumerable.Range(0, 1_000).Select(_ => Guid.NewGuid()).ToArray();

        var answer = await server.PostAsync("/buffer/ack", $$"""{"namespace":"n","leaseIds":[{{string.Join(',', ids.Select(id => $"\"{id}\""))}}]}""");

        Assert.Equal(ids, Assert.Single(server.Grid.Namespace("app/org/n").Settlements).Leases);
        Assert.Equal(ids, answer.Json["results"]!.AsArray().Select(result => (Guid)result!["leaseId"]!));
        Assert.Equal(1_000, (int)answer.Json["notHeld"]!);
    }

    [Fact]
    public async Task Leases_of_another_tenant_are_not_held()
    {
        await using var server = await GatewayServer.StartAsync();
        var id = await LeaseAsync(server, "a@b.c");
        using var other = server.NewClient("app", "other");

        using var content = new StringContent(Ids($"[\"{id}\"]"), null, "application/json");
        var answer = await Answer.OfAsync(await other.PostAsync("/buffer/ack", content));

        Assert.Equal((HttpStatusCode.OK, 1), (answer.Status, (int)answer.Json["notHeld"]!));
    }

    private static string Ids(string array) => $"{{\"namespace\":\"n\",\"leaseIds\":{array}}}";

    private static async Task<string> LeaseAsync(GatewayServer server, string email)
    {
        await server.PostAsync("/buffer/push", $$"""{"namespace":"n","leads":[{"email":"{{email}}"}]}""");
        return (string)(await server.PostAsync("/buffer/next", """{"namespace":"n","leaseSeconds":30}""")).Json["lead"]!["leaseId"]!;
    }
}
