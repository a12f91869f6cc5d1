using System.Net;
using System.Net.Http.Json;
using Npgsql;

namespace LeadGrain.CrashTests.Postgres;

/// <summary>A primary whose synchronous standby is away confirms nothing: neither what is asked for, nor what is asked for again.</summary>
public sealed class AbsentStandbyTests
{
    [Fact]
    public async Task What_the_standby_has_not_got_is_not_answered_to_a_repeat_either()
    {
        await using var servers = await StandbyServer.StartAsync();
        var url = new NpgsqlConnectionStringBuilder(servers.ConnectionString) { CommandTimeout = 2 }.ConnectionString;
        await using var grid = await GridProcess.StartAsync(new GridSettings { DatabaseUrl = url });
        using var http = new HttpClient { BaseAddress = grid.Url };
        foreach (var (name, value) in new[] { ("X-API-Key", GridSettings.TestKey), ("X-App-Id", "crash"), ("X-Org-Id", "tests") })
        {
            http.DefaultRequestHeaders.Add(name, value);
        }

        (string Path, object Body)[] requests =
        [
            ("/api/ingest?wait=0", new { email = "a@example.com" }),
            ("/buffer/push", new { @namespace = "ns", leads = new[] { new { email = "a@example.com" } } }),
            ("/buffer/next", new { @namespace = "ns" }),
        ];
        foreach (var (path, body) in requests)
        {
            Assert.Equal((HttpStatusCode.OK, false), await AskAsync(http, path, body, "before"));
        }

        await servers.Standby.KillAsync();
        foreach (var (path, body) in requests[..2])
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await AskAsync(http, path, body, "meanwhile")).Status);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await AskAsync(http, path, body, "meanwhile")).Status);
        }

        await servers.Standby.RestartAsync();
        foreach (var (path, body) in requests[..2])
        {
            await Eventually.Async("it is answered again", async () => (await AskAsync(http, path, body, "meanwhile")).Status == HttpStatusCode.OK);
            Assert.Equal((HttpStatusCode.OK, true), await AskAsync(http, path, body, "meanwhile"));
        }
    }

    private static async Task<(HttpStatusCode Status, bool Replayed)> AskAsync(HttpClient http, string path, object body, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = JsonContent.Create(body) };
        request.Headers.Add("Idempotency-Key", key);
        using var response = await http.SendAsync(request);
        return (response.StatusCode, response.Headers.Contains("Idempotent-Replayed"));
    }
}
