using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Npgsql;

namespace LeadGrain.CrashTests.Ingestion;

/// <summary>A replay whose host is killed goes on with the next.</summary>
public sealed class KilledReplayTests
{
    private const int Leads = 3_000;

    [Fact]
    public async Task Killed_in_the_middle_of_a_replay_a_host_leaves_it_to_the_next_which_makes_every_lead_once()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        var settings = new GridSettings { DatabaseUrl = database.ConnectionString, Port = GridSettings.LastingPort() };
        var grid = await GridProcess.StartAsync(settings);
        try
        {
            using var client = Client(settings.Port);
            await ImportAsync(client);
            Assert.Equal(Leads, await database.ScalarAsync<long>("select count(*) from leads"));

            // Half of them lost, half of them broken, and one in the middle that nobody can write for now.
            await database.ExecuteAsync("delete from leads where id in (select id from leads order by id offset 1 limit 1400)");
            await database.ExecuteAsync("update leads set email = null");
            await using var connection = await database.DataSource.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            await using (var block = new NpgsqlCommand("select id from leads where id = (select id from leads order by id offset 800 limit 1) for update", connection, transaction))
            {
                await block.ExecuteScalarAsync();
            }

            using var asked = await client.PostAsJsonAsync("/raw/replay", new { from = "2020-01-01T00:00:00Z" });
            var job = (Guid)JsonNode.Parse(await asked.Content.ReadAsStringAsync())!["id"]!;
            await Eventually.Async("the replay has done some steps", async () =>
                await database.ScalarAsync<long>("select count(*) from jobs where done > 0 and done < total") > 0);
            await database.LockWaitAsync();
            await grid.KillAsync();
            await transaction.RollbackAsync();
            var done = await database.ScalarAsync<long>("select done from jobs");
            Assert.InRange(done, 1, Leads - 1);

            await grid.DisposeAsync();
            grid = await GridProcess.StartAsync(settings);
            JsonNode ended = null!;
            await Eventually.Async("the replay ends", async () =>
                (string?)(ended = (await client.GetFromJsonAsync<JsonNode>($"/jobs/{job}"))!)["state"] is "done" or "failed");
            Assert.Equal(("done", Leads, Leads, 0), ((string?)ended["state"], (int)ended["total"]!, (int)ended["done"]!, (int)ended["failed"]!));
            Assert.Equal(Leads, await database.ScalarAsync<long>("select count(*) from leads"));
            Assert.Equal(Leads, await database.ScalarAsync<long>("select count(distinct email) from leads where email like 'n%@b.c'"));
        }
        finally
        {
            await grid.DisposeAsync();
        }
    }

    private static HttpClient Client(string port)
    {
        var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromMinutes(2) };
        client.DefaultRequestHeaders.Add("X-API-Key", GridSettings.TestKey);
        client.DefaultRequestHeaders.Add("X-App-Id", "app");
        client.DefaultRequestHeaders.Add("X-Org-Id", "org");
        return client;
    }

    private static async Task ImportAsync(HttpClient client)
    {
        var lines = Enumerable.Range(0, Leads).Select(n => string.Create(CultureInfo.InvariantCulture, $$"""{"email":"n{{n}}@b.c"}"""));
        using var content = new StringContent(string.Join('\n', lines), Encoding.UTF8, new MediaTypeHeaderValue("application/x-ndjson"));
        using var answer = await client.PostAsync("/crm/leads/import", content);
        answer.EnsureSuccessStatusCode();
        await answer.Content.ReadAsStringAsync();
    }
}
