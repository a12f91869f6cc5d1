using System.Text.RegularExpressions;
using LeadGrain.Gateway.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace LeadGrain.Tests.Metrics;

public sealed partial class MetricsEndpointTests
{
    [Fact]
    public async Task A_scrape_shows_the_servers_requests_and_the_runtime_in_well_formed_lines()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddPrometheus();
        await using var app = builder.Build();
        app.MapMetrics();
        app.MapGet("/leads/{id}", (string id) => id);
        await app.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        await http.GetStringAsync(new Uri("/leads/john@example.com", UriKind.Relative));

        using var answer = await http.GetAsync(new Uri("/metrics", UriKind.Relative));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        Assert.Matches("""http_server_request_duration_seconds_count\{.*http_route="/leads/\{id\}".*\} 1\n""", text);
        Assert.Contains("http_server_active_requests{", text, StringComparison.Ordinal);
        Assert.Contains("kestrel_active_connections{", text, StringComparison.Ordinal);
        Assert.Contains("dotnet_gc_collections_total{gc_heap_generation=\"gen0\"}", text, StringComparison.Ordinal);
        Assert.Contains("dotnet_process_memory_working_set_bytes ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("john@", text, StringComparison.Ordinal);
        Assert.All(text.TrimEnd('\n').Split('\n'), line => Assert.Matches(Line(), line));
    }

    [GeneratedRegex("""^(# (HELP|TYPE) [a-zA-Z_:][\w:]* .*|[a-zA-Z_:][\w:]*(\{([a-zA-Z_]\w*="([^"\\]|\\.)*",?)+\})? (NaN|[+-]Inf|-?[\d.]+(E[+-]?\d+)?))$""")]
    private static partial Regex Line();
}
