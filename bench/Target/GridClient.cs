using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace LeadGrain.Bench.Target;

/// <summary>Single requests, where one answer at a time is looked at.</summary>
internal sealed class GridClient : IDisposable
{
    private readonly HttpClient _http;

    internal GridClient(GridProcess grid, string org)
    {
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{grid.Port}") };
        _http.DefaultRequestHeaders.Add("X-API-Key", GridProcess.Key);
        _http.DefaultRequestHeaders.Add("X-App-Id", Grid.App);
        _http.DefaultRequestHeaders.Add("X-Org-Id", org);
    }

    /// <summary>Waits until it serves again.</summary>
    internal async Task ReadyAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            using var answer = await _http.GetAsync(new Uri("/health/ready", UriKind.Relative), patience.Token);
            if (answer.IsSuccessStatusCode)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), patience.Token);
        }
    }

    /// <summary>Pulls the next lead of a namespace.</summary>
    /// <returns>How long it took.</returns>
    internal async Task<TimeSpan> PullAsync(NamespaceGroup group, CancellationToken cancellationToken)
    {
        var body = new Dictionary<string, string> { ["namespace"] = $"{group.Prefix}000000" };
        var start = Stopwatch.GetTimestamp();
        using var answer = await _http.PostAsJsonAsync("/buffer/next", body, cancellationToken);
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        var took = Stopwatch.GetElapsedTime(start);
        group.Waiting--;
        return text.Contains("\"found\":true", StringComparison.Ordinal)
            ? took
            : throw new BenchException($"A pull found nothing: {text}");
    }

    /// <summary>Reads a page of the served leads.</summary>
    /// <returns>How long it took, and the token of the page behind it.</returns>
    internal async Task<(TimeSpan Took, string? Next)> PageAsync(string? token, int limit, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var url = string.Create(CultureInfo.InvariantCulture, $"/leads?limit={limit}{(token is null ? "" : $"&next={Uri.EscapeDataString(token)}")}");
        var bytes = await _http.GetByteArrayAsync(url, cancellationToken);
        var took = Stopwatch.GetElapsedTime(start);
        using var page = JsonDocument.Parse(bytes);
        return page.RootElement.GetProperty("leads").GetArrayLength() == limit
            ? (took, page.RootElement.GetProperty("next").GetString())
            : throw new BenchException("A page of served leads is not full.");
    }

    /// <summary>Makes a routing rule.</summary>
    internal async Task AddRuleAsync(string persona, string campaign, CancellationToken cancellationToken)
    {
        var rule = new Dictionary<string, string> { ["persona"] = persona, ["target_campaign_id"] = campaign };
        using var answer = await _http.PostAsJsonAsync("/routing/rules", rule, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>The sum of a metric's series.</summary>
    /// <param name="name">Its name, or all of a series.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal async Task<double> MetricAsync(string name, CancellationToken cancellationToken)
    {
        var text = await _http.GetStringAsync("/metrics", cancellationToken);
        return text.Split('\n')
            .Where(line => line.StartsWith(name, StringComparison.Ordinal) && line[name.Length] is ' ' or '{')
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    public void Dispose() => _http.Dispose();
}
