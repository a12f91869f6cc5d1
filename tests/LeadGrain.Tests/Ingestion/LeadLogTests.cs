using System.Net;
using System.Text;
using LeadGrain.Tests.Gateway;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Tests.Ingestion;

/// <summary>Each post leaves one line, and any page can read any answer.</summary>
public sealed class LeadLogTests
{
    private const string Away =
        """
        create function away() returns trigger language plpgsql as $$ begin raise exception 'away' using errcode = '57P03'; end $$;
        create trigger away before insert on raw_open for each row execute function away()
        """;

    [Fact]
    public async Task Every_post_logs_one_line_with_its_fields_whatever_becomes_of_it_and_nothing_of_its_body()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var log = new LogEntries();
        await using var grid = await StartAsync(database, log);
        var client = grid.Client;

        var created = (await PostAsync(client, "created", """{"email":"s3cret@b.c"}""", "s3cret@b.c|today")).MustBeCreated();
        (await PostAsync(client, "duplicate", """{"email":"s3cret@b.c"}""", "s3cret@b.c|today")).MustBeRepeated();
        (await PostAsync(client, "conflict", """{"email":"s3cret-2@b.c"}""", "s3cret@b.c|today")).MustBeRepeated();
        (await PostAsync(client, "invalid", "s3cret")).MustBeRefused(400, "invalid_payload");
        (await PostAsync(client, "large", new string('x', (1024 * 1024) + 1))).MustBeRefused(413, "body_too_large");
        using var stranger = new HttpClient { BaseAddress = client.BaseAddress };
        stranger.DefaultRequestHeaders.Add("X-API-Key", "s3cret-wrong");
        (await PostAsync(stranger, "stranger", """{"email":"s3cret@b.c"}""", "k")).MustBeRefused(401, "unauthorized");
        await database.ExecuteAsync(Away);
        (await PostAsync(client, "away", """{"email":"s3cret@b.c"}""", "k")).MustBeRefused(503, "unavailable");
        await database.ExecuteAsync("drop trigger away on raw_open; alter table raw_open rename to hidden");
        (await PostAsync(client, "fault", """{"email":"s3cret@b.c"}""", "k")).MustBeRefused(500, "internal_error");

        var (seed, k) = (Hash("s3cret@b.c|today"), Hash("k"));
        await LineAsync(log, "created", LogLevel.Information, "created", seed, created);
        await LineAsync(log, "duplicate", LogLevel.Information, "duplicate", seed, created);
        await LineAsync(log, "conflict", LogLevel.Warning, "conflict", seed, created);
        Assert.NotNull((await LineAsync(log, "invalid", LogLevel.Information, "invalid", null)).Fields["LeadId"]);
        await LineAsync(log, "large", LogLevel.Information, "body_too_large", null, null);
        await LineAsync(log, "stranger", LogLevel.Information, "unauthorized", k, null);
        await LineAsync(log, "away", LogLevel.Information, "storage_unavailable", k, null);
        await LineAsync(log, "fault", LogLevel.Information, "internal_error", k, null);
        Assert.All(log.All, entry => Assert.DoesNotContain("s3cret", entry.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Web_pages_can_read_that_a_post_failed()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var log = new LogEntries();
        await using var grid = await StartAsync(database, log, ("MAX_IN_FLIGHT", "1"), ("REFUSAL_DELAY", "00:00:00"));
        (await PostAsync(grid.Client, "first", "{}")).MustBeCreated();

        await database.ExecuteAsync(Away);
        MustBeReadable(await PostAsync(grid.Client, "away", "{}"), HttpStatusCode.ServiceUnavailable);
        await database.ExecuteAsync("drop trigger away on raw_open; alter table raw_open rename to hidden");
        MustBeReadable(await PostAsync(grid.Client, "fault", "{}"), HttpStatusCode.InternalServerError);
        await database.ExecuteAsync("alter table hidden rename to raw_open");

        // A post that waits for a lock holds the only place, so that the next is shed.
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var block = new Npgsql.NpgsqlCommand("lock table raw_open in exclusive mode", connection, transaction);
        await block.ExecuteNonQueryAsync();
        var waiting = PostAsync(grid.Client, "waiting", "{}");
        await database.LockWaitAsync();
        MustBeReadable(await PostAsync(grid.Client, "shed", "{}"), HttpStatusCode.ServiceUnavailable);
        await transaction.CommitAsync();
        MustBeReadable(await waiting, HttpStatusCode.Created);
        await LineAsync(log, "shed", LogLevel.Information, "overloaded", null, null);
    }

    private static Task<TestGrid> StartAsync(TestDatabase database, LogEntries log, params (string, string)[] settings)
        => TestGrid.StartAsync(
            database, builder => builder.Logging.AddProvider(log).SetMinimumLevel(LogLevel.Information), [("LOG_LEVEL", "info"), .. settings]);

    private static void MustBeReadable(Answer answer, HttpStatusCode status)
        => Assert.Equal((status, "*"), (answer.Status, answer.Headers.GetValues("Access-Control-Allow-Origin").Single()));

    private static Task<Answer> PostAsync(HttpClient client, string requestId, string body, string? key = null)
        => client.PostLeadAsync(
            Encoding.UTF8.GetBytes(body), key, headers: [("X-Request-Id", requestId), ("Origin", "https://page.example"), ("Expect", "100-continue")]);

    private static async Task<LogEntry> LineAsync(LogEntries log, string requestId, LogLevel level, string outcome, string? key)
    {
        // The line is written behind the answer.
        List<LogEntry> lines = [];
        await Eventually.Async($"the line of {requestId} is written", () =>
        {
            lines = [.. log.All.Where(entry => entry.Fields.ContainsKey("LeadId") && (string?)entry.Fields["XRequestId"] == requestId)];
            return lines.Count > 0;
        });

        var line = Assert.Single(lines);
        Assert.Equal(
            (level, "POST", "/api/lead", key, outcome),
            (line.Level, line.Fields["Method"], line.Fields["Url"], line.Fields["IdempotencyKey"], line.Fields["Outcome"]));
        return line;
    }

    private static async Task LineAsync(LogEntries log, string requestId, LogLevel level, string outcome, string? key, Guid? leadId)
        => Assert.Equal(leadId, (await LineAsync(log, requestId, level, outcome, key)).Fields["LeadId"]);

    private static string Hash(string key)
        => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 6));
}
