using System.Net;
using System.Net.Http.Json;
using LeadGrain.Tests.Outbound;
using LeadGrain.Tests.Postgres;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Tests.Errors;

public sealed class SentryOverHttpTests
{
    [Fact]
    public async Task An_error_that_nobody_foresaw_reaches_sentry_without_the_lead_and_the_caller_without_its_cause()
    {
        await using var sentry = await LoopbackServer.Start((_, context) => context.Response.WriteAsync("{}"));
        await using var database = await TestDatabase.CreateAsync();
        await using (var poison = database.DataSource.CreateCommand(
            "alter table lead_batches add constraint no_poison check ('poison@secret.example' <> all (emails))"))
        {
            await poison.ExecuteNonQueryAsync();
        }

        await using var grid = await TestGrid.StartAsync(
            database, null, ("SENTRY_DSN", sentry.Url.Replace("://", "://key@", StringComparison.Ordinal) + "/7"));
        using var response = await grid.Client.PostAsJsonAsync(
            "/buffer/push", new { @namespace = "ns", leads = new[] { new { email = "poison@secret.example" } } });
        await Eventually.Async("the event is there", () => !sentry.Requests.IsEmpty);

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        var answer = await response.Content.ReadAsStringAsync();
        Assert.Contains("internal_error", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("no_poison", answer, StringComparison.Ordinal);
        var report = Assert.Single(sentry.Requests);
        Assert.Equal("/api/7/envelope/", report.Path);
        Assert.Contains("/buffer/push", report.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret.example", report.Text, StringComparison.Ordinal);
    }
}
