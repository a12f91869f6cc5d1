using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LeadGrain.CrashTests.Ingestion;

/// <summary>Web forms that post leads, with and without keys, and try again, and what they were told. One that is told nothing fails the test:
/// a host that is there answers, be it that it cannot.</summary>
internal sealed class LeadLedger(Uri url) : IDisposable
{
    // Of any answer, on a machine that does much else: far more than the host's own limit for a call.
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(45);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    private readonly HttpClient _http = new() { BaseAddress = url, Timeout = s_longest };
    // Keys that are tried once more in the end.
    private const int Tried = 200;

    private readonly ConcurrentDictionary<string, Guid> _told = new();
    private readonly ConcurrentDictionary<string, Guid> _created = new();
    private int _posts;
    private int _free;
    private int _refused;
    private int _broken;

    internal int Told => _told.Count;

    /// <summary>Posts that were told that they are not taken.</summary>
    internal int Refused => _refused;

    public void Dispose() => _http.Dispose();

    /// <summary>Posts one lead until it is taken; now and then twice at once, and sometimes again afterwards. And one without a key, once.</summary>
    internal async Task PostAsync()
    {
        var free = $"free-{Interlocked.Increment(ref _free)}";
        await TryAsync(free, key: null);
        var number = Interlocked.Increment(ref _posts);
        var key = $"key-{number}";
        if (number % 10 == 0)
        {
            await Task.WhenAll(TakeAsync(key), TakeAsync(key));
        }
        else
        {
            await TakeAsync(key);
        }

        if (number % 7 == 0)
        {
            await TakeAsync(key);
        }
    }

    /// <summary>
    /// Every lead that was promised is there, once, with what was posted, and so is its row of the raw log; what was left open was finished;
    /// and a key that was told of a lead is told of the same again.
    /// </summary>
    internal async Task<string> AssertWholeAsync()
    {
        await Parallel.ForEachAsync(_told.Keys.Where(IsKey).Take(Tried), async (key, _) => await TakeAsync(key));
        _http.DefaultRequestHeaders.Add("X-API-Key", GridSettings.TestKey);
        _http.DefaultRequestHeaders.Add("X-App-Id", "default");
        _http.DefaultRequestHeaders.Add("X-Org-Id", "default");
        await Eventually.Async("all that was left open is finished", async () => (await PageAsync("/raw?state=pending", "entries")).Count == 0);
        var leads = new Dictionary<string, List<Guid>>();
        foreach (var lead in await PageAsync("/crm/leads?limit=1000", "leads"))
        {
            var key = ((string)lead["email"]!).Split('@')[0];
            (leads.TryGetValue(key, out var ids) ? ids : leads[key] = []).Add((Guid)lead["id"]!);
        }

        Assert.All(leads, lead => Assert.Single(lead.Value));
        Assert.All(_told, told => Assert.Equal(told.Value, leads[told.Key].Single()));
        Assert.Equal(_posts, leads.Keys.Count(IsKey));
        var stored = (await PageAsync("/raw?state=stored&limit=1000", "entries")).Select(entry => (Guid)entry["id"]!);
        Assert.Equal(leads.Values.Select(ids => ids[0]).Order(), stored.Order());
        Assert.Contains(_told.Keys, name => name.StartsWith("free-", StringComparison.Ordinal));
        return string.Create(CultureInfo.InvariantCulture, $"{_told.Count} promised, {leads.Count} leads, {_refused} refused, {_broken} broken off");
    }

    private static bool IsKey(string name) => name.StartsWith("key-", StringComparison.Ordinal);

    private async Task TakeAsync(string key)
    {
        while (!await TryAsync(key, key))
        {
            await Task.Delay(s_pause);
        }
    }

    /// <returns>Whether it was taken.</returns>
    private async Task<bool> TryAsync(string name, string? key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/lead") { Content = JsonContent.Create(new { email = $"{name}@example.com" }) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        // Of two at once either may be the first.
        var isRepeat = _told.ContainsKey(name);
        try
        {
            using var answer = await _http.SendAsync(request);
            if (answer.StatusCode is HttpStatusCode.Created || (key is not null && answer.StatusCode is HttpStatusCode.Conflict))
            {
                Take(name, answer.StatusCode is HttpStatusCode.Created, isRepeat, await answer.Content.ReadFromJsonAsync<JsonElement>());
                return true;
            }

            Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"ok":false,"error":"unavailable"}"""), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
            Assert.NotNull(answer.Headers.RetryAfter);
            Interlocked.Increment(ref _refused);
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException)
        {
            Interlocked.Increment(ref _broken);
        }

        return false;
    }

    /// <summary>The first is told so, and nobody after it.</summary>
    private void Take(string name, bool isCreated, bool isRepeat, JsonElement told)
    {
        var id = told.GetProperty("lead_id").GetGuid();
        Assert.Equal(isCreated, !told.GetProperty("deduplicated").GetBoolean());
        Assert.False(isCreated && (isRepeat || !_created.TryAdd(name, id)), $"{name} was made a lead twice.");
        Assert.Equal(id, _told.GetOrAdd(name, id));
    }

    private async Task<List<JsonNode>> PageAsync(string path, string name)
    {
        var (all, next) = (new List<JsonNode>(), (string?)null);
        do
        {
            JsonNode? page = null;
            await Eventually.Async("it is listed", async () => (page = await TryPageAsync($"{path}{(next is null ? "" : $"&next={next}")}")) is not null);
            all.AddRange(page![name]!.AsArray().Select(item => item!));
            next = (string?)page["next"];
        }
        while (next is not null);
        return all;
    }

    // A connection that was cut while nobody used it is found out by the next list, which is told 503.
    private async Task<JsonNode?> TryPageAsync(string path)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative));
        return answer.StatusCode == HttpStatusCode.ServiceUnavailable ? null : await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonNode>();
    }
}
