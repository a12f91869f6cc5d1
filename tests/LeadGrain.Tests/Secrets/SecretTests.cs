using System.Diagnostics.Metrics;
using System.Net;
using System.Security.Cryptography;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Organizations;
using LeadGrain.Grains.Secrets;
using LeadGrain.Grains.Storage;
using LeadGrain.Tests.Enrichment;
using LeadGrain.Tests.Postgres;
using LeadGrain.Tests.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace LeadGrain.Tests.Secrets;

public sealed class SecretTests
{
    private static readonly string s_old = $"old:{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}";
    private static readonly string s_new = $"new:{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}";
    private static readonly string s_lost = $"lost:{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}";

    [Fact]
    public void What_is_sealed_opens_for_its_organization_and_name_only_and_not_once_it_is_changed()
    {
        var box = Box(s_old);
        var made = box.Seal(1, "a", "secret"u8);

        Assert.Equal("secret"u8.ToArray(), box.Open(1, "a", made));
        Assert.Throws<SecretUnreadableException>(() => box.Open(2, "a", made));
        Assert.Throws<SecretUnreadableException>(() => box.Open(1, "b", made));
        Assert.Throws<SecretUnreadableException>(() => Box(s_new).Open(1, "a", made));
        for (var i = 0; i < made.Bytes.Length; i++)
        {
            var bytes = (byte[])made.Bytes.Clone();
            bytes[i] ^= 1;
            Assert.Throws<SecretUnreadableException>(() => box.Open(1, "a", made with { Bytes = bytes }));
        }

        Assert.NotEqual(made.Bytes, box.Seal(1, "a", "secret"u8).Bytes);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a:b")]
    [InlineData(":AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("a b:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    public void A_ring_that_is_none_is_refused_without_showing_it(string keys)
    {
        Assert.False(SecretRing.TryParse(keys, out _, out var fault));
        Assert.DoesNotContain("AAAA", fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_key_in_front_seals_everything_anew_on_several_hosts_at_once()
    {
        await using var database = await TestDatabase.CreateAsync();
        var organization = await new OrganizationStore(database.DataSource).FindOrAddAsync(new Tenant("app", "org"));
        var before = Store(database, s_old);
        for (var n = 0; n < 250; n++)
        {
            await before.SetAsync(organization, $"name-{n}", $"secret {n}", "admin");
        }

        var both = $"{s_new},{s_old}";
        var runs = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Rotation(database, both).RunAsync(CancellationToken.None)));
        var again = await Rotation(database, both).RunAsync(CancellationToken.None);

        Assert.Equal(250, runs.Sum(run => run.Resealed) + again.Resealed);
        Assert.Equal((0, 0), await Rotation(database, both).RunAsync(CancellationToken.None));
        var after = Store(database, s_new);
        for (var n = 0; n < 250; n++)
        {
            Assert.Equal($"secret {n}", await after.OpenAsync(organization, $"name-{n}"));
        }
    }

    [Fact]
    public async Task A_secret_that_no_key_opens_does_not_hold_the_rotation_up()
    {
        await using var database = await TestDatabase.CreateAsync();
        var organization = await new OrganizationStore(database.DataSource).FindOrAddAsync(new Tenant("app", "org"));
        for (var n = 0; n < 120; n++) // more than are looked at together
        {
            await Store(database, s_lost).SetAsync(organization, $"lost-{n}", "x", "admin");
        }

        await Store(database, s_old).SetAsync(organization, "readable", "x", "admin");

        Assert.Equal((1, 120), await Rotation(database, $"{s_new},{s_old}").RunAsync(CancellationToken.None));
        Assert.Equal("x", await Store(database, s_new).OpenAsync(organization, "readable"));
    }

    [Fact]
    public async Task A_running_grid_seals_with_the_first_key_what_comes_and_by_itself_what_an_older_key_has_sealed()
    {
        const string Secret = "a-secret-that-must-not-show";
        await using var database = await TestDatabase.CreateAsync();
        var organization = await new OrganizationStore(database.DataSource).FindOrAddAsync(new Tenant("app", "org"));
        await Store(database, s_old).SetAsync(organization, "before", Secret, "admin");

        await using var grid = await TestGrid.StartAsync(database, null, ("SECRET_KEYS", $"{s_new},{s_old}"), ("Secrets:RotateEvery", "00:00:01"));
        Assert.Equal(HttpStatusCode.OK, (await grid.Client.SendAsync(HttpMethod.Put, "/organization/secrets/after", $$"""{"value":"{{Secret}}"}""")).Status);
        await Eventually.FindAsync(
            "both are sealed with the new key",
            () => database.ScalarAsync<long>("select count(*) from organization_secrets where key_id = 'new'"),
            count => count == 2);

        Assert.Equal(Secret, await Store(database, s_new).OpenAsync(organization, "before"));
        Assert.Equal(Secret, await Store(database, s_new).OpenAsync(organization, "after"));
        Assert.Equal(2, await database.ScalarAsync<long>(
            "select count(*) from organization_secrets where position(convert_to(left($1, 8), 'UTF8') in sealed) = 0", Secret));
    }

    [Fact]
    public async Task No_answer_and_no_log_line_shows_a_secret()
    {
        const string Secret = "a-secret-that-must-not-show";
        var log = new LogLines();
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, builder => builder.Logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log), ("LOG_LEVEL", "trace"));
        var answers = new List<string>();
        foreach (var (method, path, body) in new[]
        {
            (HttpMethod.Put, "/organization/secrets/clay-hmac", $$"""{"value":"{{Secret}}"}"""), (HttpMethod.Get, "/organization/secrets", null),
            (HttpMethod.Get, "/audit", null), (HttpMethod.Put, "/organization/secrets/BAD", $$"""{"value":"{{Secret}}"}"""),
            (HttpMethod.Put, "/organization/secrets/x", $$"""{"value":["{{Secret}}"]}"""), (HttpMethod.Get, "/openapi/v1.json", null),
            (HttpMethod.Delete, "/organization/secrets/clay-hmac", null), (HttpMethod.Delete, "/organization/secrets/clay-hmac", null),
        })
        {
            var answer = await grid.Client.SendAsync(method, path, body);
            answers.Add($"{answer.Status} {answer.Body.ToJsonString()} {answer.Response.Headers}");
        }

        Assert.All(answers, answer => Assert.DoesNotContain(Secret, answer, StringComparison.Ordinal));
        Assert.Contains("clay-hmac", answers[1], StringComparison.Ordinal);
        Assert.Equal(["secret_deleted", "secret_set"], await grid.Client.ActionsAsync("clay-hmac"));
        Assert.StartsWith("NotFound", answers[7], StringComparison.Ordinal);
        Assert.DoesNotContain(log.Lines, line => line.Contains(Secret, StringComparison.Ordinal));
        await using var look = database.DataSource.CreateCommand("select count(*) from audit_log where audit_log::text like '%' || $1 || '%'");
        look.Parameters.AddWithValue(Secret);
        Assert.Equal(0L, await look.ExecuteScalarAsync());
    }

    [Fact]
    public async Task Without_a_ring_no_secret_is_taken()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database, null, ("SECRET_KEYS", ""));

        var answer = await grid.Client.SendAsync(HttpMethod.Put, "/organization/secrets/x", """{"value":"y"}""");

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "secrets_not_configured"), (answer.Status, (string)answer.Body["code"]!));
        var webhook = await grid.Client.SendAsync(HttpMethod.Put, "/campaigns/x", """{"kind":"webhook","url":"https://x.example/"}""");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "secrets_not_configured"), (webhook.Status, (string)webhook.Body["code"]!));
    }

    private static SecretBox Box(string keys) => new(Options.Create(new SecretOptions { Keys = keys }));

    private static SecretStore Store(TestDatabase database, string keys)
        => new(database.DataSource, database.DataSource, Box(keys), TimeProvider.System, NullLogger<SecretStore>.Instance);

    private static SecretRotation Rotation(TestDatabase database, string keys)
    {
        var meters = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();
        return new SecretRotation(
            Store(database, keys), Box(keys), new SecretMetrics(meters), Options.Create(new SecretOptions()), StoreTurn.Always, TimeProvider.System,
            NullLogger<SecretRotation>.Instance);
    }
}
