using System.Net;
using LeadGrain.Grains.Gate;
using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Postgres;
using LeadGrain.Tests.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Gate;

/// <summary>The gate and the suppression list as they are set, and what they do with leads.</summary>
public sealed class GateApiTests(SharedGrid shared) : IClassFixture<SharedGrid>, IDisposable
{
    private readonly HttpClient _client = shared.Grid.NewClient("app", $"org-{Guid.NewGuid():n}");

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Suppressed_emails_are_blocked_until_they_are_taken_off_the_list()
    {
        await _client.AddRuleAsync(new { target = new { campaign = "1" } });
        Assert.Equal(2, (int)(await _client.PostAsync("/suppressions", new { emails = new[] { "A@acme.example", "b@acme.example", "a@acme.example " } }))["added"]!);
        Assert.Equal(0, (int)(await _client.PostAsync("/suppressions", new { emails = new[] { "a@acme.example" } }))["added"]!);

        var blocked = await _client.IngestAsync(new { email = "a@acme.example" });
        var first = await _client.ReadAsync("/suppressions?limit=1");
        var second = await _client.ReadAsync($"/suppressions?limit=1&next={first["next"]}");
        var removed = await _client.SendAsync(HttpMethod.Delete, "/suppressions", """{"emails":["A@acme.example"]}""");
        var passed = await _client.IngestAsync(new { email = "a@acme.example" });

        Assert.Equal(("BLOCKED", "suppressed"), ((string)blocked["status"]!, (string)blocked["health"]!["checks"]![0]!["name"]!));
        Assert.Equal(1, (int)removed.Body["removed"]!);
        Assert.Equal("HELD", (string)passed["status"]!);
        Assert.NotEqual((string)first["suppressions"]![0]!["emailHash"]!, (string)second["suppressions"]![0]!["emailHash"]!);
        Assert.Null(second["next"]);
        Assert.Single((await _client.ReadAsync("/suppressions?email=B@acme.example"))["suppressions"]!.AsArray());
    }

    [Fact]
    public async Task The_gates_points_and_thresholds_are_set_and_hold_for_the_next_lead()
    {
        var before = await _client.IngestAsync(new { email = "info@acme.example" });
        var set = await _client.SendAsync(HttpMethod.Put, "/gate", """{"yellowFrom":75,"points":{"duplicate":0}}""");
        var after = await _client.IngestAsync(new { email = "info@acme.example" });

        Assert.Equal("YELLOW", (string)before["health"]!["classification"]!);
        Assert.Equal("RED", (string)after["health"]!["classification"]!);
        Assert.Equal((75, 0, 30), ((int)set.Body["yellowFrom"]!, (int)set.Body["points"]!["duplicate"]!, (int)set.Body["points"]!["roleAddress"]!));
        Assert.Equal(set.Body.ToJsonString(), (await _client.ReadAsync("/gate")).ToJsonString());
        Assert.Equal(HttpStatusCode.BadRequest, (await _client.SendAsync(HttpMethod.Put, "/gate", """{"points":{"syntax":101}}""")).Status);
        Assert.Equal("gate_changed", (await _client.ActionsAsync("gate")).Single());
    }

    [Fact]
    public async Task A_domain_that_takes_no_mail_is_held_against_its_leads()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(
            database, builder => builder.Services.AddSingleton<IMailHosts>(new KnownMailHosts("dead.example")));

        var dead = await grid.Client.IngestAsync(new { email = "jane@dead.example" });
        var living = await grid.Client.IngestAsync(new { email = "jane@living.example" });

        Assert.Equal(("BLOCKED", "HELD"), ((string)dead["status"]!, (string)living["status"]!));
        Assert.Equal("no_mail_host", (string)dead["health"]!["checks"]![0]!["name"]!);
    }

    [Fact]
    public async Task The_suppression_list_keeps_no_address_only_a_hash_that_differs_between_organizations()
    {
        using var other = shared.Grid.NewClient("app", $"org-{Guid.NewGuid():n}");
        var name = $"keep-out-{Guid.NewGuid():n}";
        foreach (var client in (HttpClient[])[_client, other])
        {
            await client.PostAsync("/suppressions", new { emails = new[] { $"{name}@acme.example" }, reason = "unsubscribed" });
        }

        var (hash, others) = (await HashAsync(_client), await HashAsync(other));
        Assert.NotEqual(hash, others);
        Assert.NotEqual(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{name}@acme.example"))), hash);
        Assert.Equal(2L, await shared.Database.ScalarAsync<long>($"select count(*) from suppressions s where encode(s.email_hash, 'hex') in ('{hash}', '{others}')"));
        Assert.Equal(0L, await shared.Database.ScalarAsync<long>($"select count(*) from suppressions s where s::text like '%{name}%'"));
        Assert.Equal(0L, await shared.Database.ScalarAsync<long>($"select count(*) from audit_log a where a::text like '%{name}%'"));

        async Task<string> HashAsync(HttpClient client)
            => (string)(await client.ReadAsync($"/suppressions?email={name}@acme.example"))["suppressions"]!.AsArray().Single()!["emailHash"]!;
    }

    private sealed class KnownMailHosts(string dead) : IMailHosts
    {
        public ValueTask<bool?> TakesMailAsync(string domain) => ValueTask.FromResult<bool?>(domain != dead);
    }
}
