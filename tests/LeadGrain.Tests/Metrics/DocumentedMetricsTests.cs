using System.Diagnostics.Metrics;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using LeadGrain.Sandbox.Apollo;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Metrics;

public sealed class DocumentedMetricsTests
{
    [Fact]
    public async Task Every_metric_of_a_running_grid_is_in_the_telemetry_page()
    {
        var found = new SortedSet<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                lock (found)
                {
                    // Tests that run at the same time have meters too.
                    if (instrument.Meter.Name.StartsWith("LeadGrain.", StringComparison.Ordinal) && instrument.Meter.Name != "LeadGrain.Test")
                    {
                        found.Add(instrument.Name);
                    }
                }
            },
        };
        listener.Start();
        await using var apollo = await FakeApollo.StartAsync();
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(
            database,
            null,
            ("APOLLO_SERVICE_URL", apollo.Url.ToString()),
            ("RUNS_SERVICE_URL", "http://127.0.0.1:9"),
            ("SENTRY_DSN", "http://key@127.0.0.1:9/1"));
        await grid.Client.PushAsync("ns", "a@x.example");
        await grid.Client.NextAsync("ns");
        using var enriched = await grid.Client.PostAsJsonAsync("/enrich", new { email = "a@x.example" });

        var page = await File.ReadAllTextAsync(Page());
        string[] all;
        lock (found)
        {
            all = [.. found];
        }

        Assert.True(all.Length >= 19, string.Join(' ', all));
        Assert.All(all, name => Assert.Contains($"`{name}`", page, StringComparison.Ordinal));
    }

    private static string Page([CallerFilePath] string here = "")
        => Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "docs", "telemetry.md");
}
