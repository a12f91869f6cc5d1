using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LeadGrain.Tests.Ingestion;
using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Routing;

namespace LeadGrain.Tests.Isolation;

/// <summary>Calls of one organization with the ids, names and emails of another's. Each is made by the other then, and finds what it names.</summary>
public sealed class ForeignIdTests(SharedGrid shared) : IClassFixture<SharedGrid>
{
    private const string Email = "ann@theirs.example";

    private static readonly Dictionary<string, ForeignCall> s_calls = new()
    {
        ["GET /jobs/{id}"] = new((at, by) => StatusAsync(by, HttpMethod.Get, $"/jobs/{at.Job}"), "404", "200"),
        ["DELETE /jobs/{id}"] = new((at, by) => StatusAsync(by, HttpMethod.Delete, $"/jobs/{at.Job}"), "404", "200"),
        ["GET /raw/{id}"] = new((at, by) => StatusAsync(by, HttpMethod.Get, $"/raw/{at.Raw}"), "404", "200"),
        ["POST /raw/replay"] = new(ReplayAsync, "done 0 of 0", "done 1 of 1"),
        ["GET /crm/leads/{id}"] = new((at, by) => StatusAsync(by, HttpMethod.Get, $"/crm/leads/{at.Raw}"), "404", "200"),
        ["PATCH /crm/leads/{id}"] = new((at, by) => StatusAsync(by, HttpMethod.Patch, $"/crm/leads/{at.Raw}", """{"status":"won"}"""), "404", "200"),
        ["GET /routing/leads/{id}"] = new((at, by) => StatusAsync(by, HttpMethod.Get, $"/routing/leads/{at.Held}"), "404", "200"),
        ["POST /routing/leads/route"] = new(
            (at, by) => MembersAsync(by, "/routing/leads/route", new { leadIds = new[] { at.Held } }, "routed", "held", "notHeld"), "0 0 1", "0 1 0"),
        ["PATCH /routing/rules/{id}"] = new((at, by) => StatusAsync(by, HttpMethod.Patch, $"/routing/rules/{at.Rule}", """{"name":"theirs"}"""), "404", "200"),
        ["DELETE /routing/rules/{id}"] = new((at, by) => StatusAsync(by, HttpMethod.Delete, $"/routing/rules/{at.Rule}"), "404", "200"),
        ["POST /campaigns/{id}/retry"] = new(
            (at, by) => MembersAsync(by, "/campaigns/same/retry", new { leadIds = new[] { at.Pushed } }, "retried"), "0", "1"),
        ["DELETE /organization/keys/{id}"] = new((at, by) => StatusAsync(by, HttpMethod.Delete, $"/organization/keys/{at.Key}"), "404", "200"),
        ["PUT /organization/secrets/{name}"] = new((_, by) => StatusAsync(by, HttpMethod.Put, "/organization/secrets/same", """{"value":"new"}"""), "200", "200"),
        ["DELETE /organization/secrets/{name}"] = new((_, by) => StatusAsync(by, HttpMethod.Delete, "/organization/secrets/same"), "404", "200"),
        ["DELETE /suppressions"] = new(LiftAsync, "0", "1"),
        ["POST /buffer/ack"] = new((at, by) => SettleAsync(by, "ack", new { @namespace = "same", leaseIds = new[] { at.Lease } }), "not_held", "acked"),
        ["POST /buffer/nack"] = new((at, by) => SettleAsync(by, "nack", new { @namespace = "same", leaseIds = new[] { at.Lease } }), "not_held", "returned"),
        ["POST /buffer/extend"] = new(
            (at, by) => SettleAsync(by, "extend", new { @namespace = "same", leaseIds = new[] { at.Lease }, leaseSeconds = 7_200 }), "not_held", "extended"),
        ["POST /webhooks/smartlead of theirs"] = new((at, by) => BounceAsync(at, by, at.TheirOrg), "401", "200 taken"),
        ["POST /webhooks/smartlead of one's own"] = new((at, by) => BounceAsync(at, by, by == at.Theirs ? at.TheirOrg : at.MyOrg), "200 taken", "200 taken"),
    };

    public static TheoryData<string> Calls => new(s_calls.Keys);

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task A_call_that_names_what_is_another_organizations_finds_nothing_and_changes_nothing_of_it(string name)
    {
        var call = s_calls[name];
        using var at = await SetUpAsync();
        var before = await StateAsync(at.TheirOrg);

        Assert.Equal(call.Foreign, await call.AskAsync(at, at.Mine));

        Assert.Equal(before, await StateAsync(at.TheirOrg));
        Assert.Equal(call.Own, await call.AskAsync(at, at.Theirs));
        Assert.True(name.StartsWith("GET", StringComparison.Ordinal) || name == "POST /routing/leads/route" || before != await StateAsync(at.TheirOrg), "It changes nothing at all.");
    }

    /// <summary>Two organizations, of which theirs has one of everything, and nothing under way that would change by itself.</summary>
    private async Task<Organizations> SetUpAsync()
    {
        var (mine, theirs) = ($"mine-{Guid.NewGuid():n}", $"theirs-{Guid.NewGuid():n}");
        var at = new Organizations(shared.Grid.NewClient("app", mine), shared.Grid.NewClient("app", theirs), mine, theirs);
        foreach (var (client, secret) in new[] { (at.Mine, at.MyOrg), (at.Theirs, at.TheirOrg) })
        {
            await client.PushAsync("same", "lead@same.example");
            Assert.Equal("200", await StatusAsync(client, HttpMethod.Put, "/campaigns/same", """{"kind":"namespace","namespace":"pushed"}"""));
            await client.PostAsync("/campaigns/same/pause", new { });
            Assert.Equal("200", await StatusAsync(client, HttpMethod.Put, "/organization/secrets/smartlead-webhook", $$"""{"value":"{{secret}}"}"""));
        }

        at.Rule = await at.Theirs.AddRuleAsync(new { persona = "CEO", target = new { campaign = "same" } });
        at.Held = (Guid)(await at.Theirs.IngestAsync(new { email = Email }))["leadId"]!;
        at.Pushed = (Guid)(await at.Theirs.IngestAsync(new { email = "pushed@theirs.example", persona = "CEO" }))["leadId"]!;
        at.Raw = (await at.Theirs.PostLeadAsync($$"""{"email":"{{Email}}"}""")).MustBeCreated();
        at.Job = (Guid)(await at.Theirs.PostAsync("/raw/replay", new { ids = new[] { at.Raw } }))["id"]!;
        await at.Theirs.EndOfJobAsync(at.Job);
        at.Key = (string)(await at.Theirs.PostAsync("/organization/keys", new { name = "theirs" }))["id"]!;
        Assert.Equal("200", await StatusAsync(at.Theirs, HttpMethod.Put, "/organization/secrets/same", """{"value":"old"}"""));
        await at.Theirs.PostAsync("/suppressions", new { emails = new[] { Email }, reason = "manual" });
        at.Lease = (await at.Theirs.LeaseAsync("same", seconds: 3_600)).Single().Lease;

        // A job that would go on, in hands that do nothing; a lead that a replay would make anew; a push that has failed.
        await shared.Database.ExecuteAsync("update jobs set state = 'running', finished_at = null, claimed_until = 'infinity' where id = $1", at.Job);
        await shared.Database.ExecuteAsync("update leads set email = null where id = $1", at.Raw);
        await shared.Database.ExecuteAsync("update campaign_pushes set state = 'dead', target_lead_id = '77' where lead_id = $1", at.Pushed);
        await shared.Database.ExecuteAsync("update routed_leads set status = 'DEAD' where id = $1", at.Pushed);
        return at;
    }

    /// <summary>Every row of an organization, by table; but the namespaces', which keep a checkpoint by themselves.</summary>
    private async Task<string> StateAsync(string org)
    {
        var id = await shared.Database.ScalarAsync<long>("select id from organizations where org_id = $1", org);
        var tables = await shared.Database.ScalarAsync<string[]>(
            """
            select array_agg(c.table_name::text order by c.table_name) from information_schema.columns c
            join information_schema.tables t using (table_schema, table_name)
            where c.column_name = 'organization_id' and t.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.table_name <> 'namespaces'
            """);
        var state = new StringBuilder();
        foreach (var from in tables.Select(table => $"{table} t where organization_id = $1").Append(
            "held_leads t where namespace_id in (select id from namespaces where organization_id = $1)"))
        {
            state.AppendLine(CultureInfo.InvariantCulture, $"{from}: {await shared.Database.ScalarAsync<string>($"select coalesce(string_agg(t::text, ' ' order by t::text), '') from {from}", id)}");
        }

        return state.ToString();
    }

    private static async Task<string> StatusAsync(HttpClient by, HttpMethod method, string path, string? body = null)
    {
        var (status, _, response) = await by.SendAsync(method, path, body);
        response.Dispose();
        return $"{(int)status}";
    }

    private static async Task<string> MembersAsync(HttpClient by, string path, object body, params string[] members)
    {
        var answer = await by.PostAsync(path, body);
        return string.Join(' ', members.Select(member => answer[member]!.ToJsonString()));
    }

    private static async Task<string> SettleAsync(HttpClient by, string verb, object body)
        => (string)(await by.PostAsync($"/buffer/{verb}", body))["results"]!.AsArray().Single()!["outcome"]!;

    private static async Task<string> ReplayAsync(Organizations at, HttpClient by)
    {
        var started = await by.PostAsync("/raw/replay", new { ids = new[] { at.Raw } });
        var job = await by.EndOfJobAsync((Guid)started["id"]!);
        return $"{job["state"]} {job["done"]} of {job["total"]}";
    }

    private static async Task<string> LiftAsync(Organizations at, HttpClient by)
    {
        var (status, answer, response) = await by.SendAsync(HttpMethod.Delete, "/suppressions", JsonSerializer.Serialize(new { emails = new[] { Email } }));
        response.Dispose();
        Assert.Equal(HttpStatusCode.OK, status);
        return answer["removed"]!.ToJsonString();
    }

    /// <summary>A bounce of a lead of theirs by all of its names, signed with the secret of who calls.</summary>
    private static async Task<string> BounceAsync(Organizations at, HttpClient by, string org)
    {
        var body = """{"event_type":"EMAIL_BOUNCE","lead_email":"pushed@theirs.example","sl_email_lead_id":"77"}""";
        var secret = by == at.Theirs ? at.TheirOrg : at.MyOrg;
        var mac = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(body));
        using var open = new HttpClient { BaseAddress = by.BaseAddress };
        var (status, answer, response) = await open.SendAsync(
            HttpMethod.Post, $"/webhooks/smartlead?appId=app&orgId={org}", body, ("X-Smartlead-Signature", $"sha256={Convert.ToHexStringLower(mac)}"));
        response.Dispose();
        return $"{(int)status} {(string?)answer["outcome"]}".TrimEnd();
    }

    /// <param name="AskAsync">Asks on behalf of one of the two; what is said, in short.</param>
    /// <param name="Foreign">What mine is told.</param>
    /// <param name="Own">What theirs is told.</param>
    private sealed record ForeignCall(Func<Organizations, HttpClient, Task<string>> AskAsync, string Foreign, string Own);

    /// <summary>The two, and what is theirs.</summary>
    private sealed record Organizations(HttpClient Mine, HttpClient Theirs, string MyOrg, string TheirOrg) : IDisposable
    {
        internal Guid Raw { get; set; }

        internal Guid Job { get; set; }

        internal string Rule { get; set; } = "";

        internal Guid Held { get; set; }

        internal Guid Pushed { get; set; }

        internal string Key { get; set; } = "";

        internal Guid Lease { get; set; }

        public void Dispose()
        {
            Mine.Dispose();
            Theirs.Dispose();
        }
    }
}
