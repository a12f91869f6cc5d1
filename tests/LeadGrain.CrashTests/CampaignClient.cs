using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace LeadGrain.CrashTests;

/// <summary>A campaign service: pushes to and pulls from one namespace, and says what it was answered.</summary>
internal sealed class CampaignClient : IDisposable
{
    private const int Drainers = 8;

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly HttpClient _http;
    private readonly string _namespace;

    internal CampaignClient(Uri url, string ns, string key = GridSettings.TestKey, string org = "tests")
        : this([url], ns, key, org)
    {
    }

    /// <summary>A client of several hosts of which one serves at a time.</summary>
    internal CampaignClient(IReadOnlyList<Uri> hosts, string ns, string key = GridSettings.TestKey, string org = "tests")
    {
        _namespace = ns;
        var sockets = new SocketsHttpHandler { MaxConnectionsPerServer = 256 };
        _http = new HttpClient(hosts is [_, _, ..] ? new Balancer(hosts) { InnerHandler = sockets } : sockets)
        {
            BaseAddress = hosts[0],
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.Add("X-API-Key", key);
        _http.DefaultRequestHeaders.Add("X-App-Id", "crash");
        _http.DefaultRequestHeaders.Add("X-Org-Id", org);
    }

    public void Dispose() => _http.Dispose();

    internal Task<Answer> PushAsync(IEnumerable<string> emails) => PushAsync(emails.Select(email => new PushedLead(email)), null, Eventually.Patience);

    /// <param name="leads">What to push.</param>
    /// <param name="key">The Idempotency-Key, if any.</param>
    /// <param name="patience">After which this client hangs up.</param>
    internal Task<Answer> PushAsync(IEnumerable<PushedLead> leads, string? key, TimeSpan patience)
        => AskAsync("/buffer/push", new { @namespace = _namespace, leads }, key, patience);

    internal Task<Answer> NextAsync() => NextAsync(null, null, Eventually.Patience);

    /// <param name="lease">Of so many seconds; null takes the lead for good.</param>
    /// <param name="key">The Idempotency-Key, if any.</param>
    /// <param name="patience">After which this client hangs up.</param>
    /// <param name="count">At most so many leads, answered as an array; null for one.</param>
    /// <param name="wait">How many seconds to wait for a lead, if at all.</param>
    internal Task<Answer> NextAsync(int? lease, string? key, TimeSpan patience, int? count = null, int? wait = null)
        => AskAsync("/buffer/next", new { @namespace = _namespace, leaseSeconds = lease, count, waitSeconds = wait }, key, patience);

    /// <param name="verb">pause or resume.</param>
    internal Task<Answer> HaltAsync(string verb) => AskAsync($"/namespaces/{_namespace}/{verb}", new { }, null, Eventually.Patience);

    /// <summary>Acknowledges, gives back or extends a lease.</summary>
    /// <param name="verb">ack, nack or extend.</param>
    /// <param name="lease">Its id.</param>
    /// <param name="seconds">The delay of a nack, the length of an extension.</param>
    /// <param name="key">The Idempotency-Key, if any.</param>
    /// <param name="patience">After which this client hangs up.</param>
    internal Task<Answer> SettleAsync(string verb, Guid lease, int? seconds, string? key, TimeSpan patience) => AskAsync(
        $"/buffer/{verb}",
        new
        {
            @namespace = _namespace,
            leaseIds = new[] { lease },
            delaySeconds = verb == "nack" ? seconds : null,
            leaseSeconds = verb == "extend" ? seconds : null,
        },
        key,
        patience);

    /// <summary>Puts all dead leads back.</summary>
    internal Task<Answer> ReviveAsync() => AskAsync($"/namespaces/{_namespace}/dead/revive", new { all = true }, null, Eventually.Patience);

    /// <summary>The namespace's counts, asked for until they are told: right after a fault a connection of the host's may turn out broken.</summary>
    internal async Task<Counts> CountsAsync()
    {
        JsonElement json = default;
        await Eventually.Async("the counts are told", async () =>
        {
            using var response = await _http.GetAsync(new Uri($"/namespaces/{_namespace}", UriKind.Relative));
            Assert.True((int)response.StatusCode is 200 or 503, $"{response.StatusCode}");
            json = response.IsSuccessStatusCode ? await response.Content.ReadFromJsonAsync<JsonElement>() : default;
            return response.IsSuccessStatusCode;
        });
        return new Counts(Count(json, "waiting"), Count(json, "served"), Count(json, "skipped"))
        {
            Leased = Count(json, "leased"),
            Dead = Count(json, "dead"),
        };
    }

    /// <summary>The emails of all leads served in the namespace, page by page.</summary>
    internal async Task<List<string>> ServedAsync()
    {
        var served = new List<string>();
        for (string? next = ""; next is not null;)
        {
            var json = await _http.GetFromJsonAsync<JsonElement>(
                $"/leads?namespace={_namespace}&limit=1000{(next == "" ? "" : $"&next={Uri.EscapeDataString(next)}")}");
            served.AddRange(json.GetProperty("leads").EnumerateArray().Select(lead => lead.GetProperty("email").GetString()!));
            next = json.GetProperty("next").GetString();
        }

        return served;
    }

    /// <summary>Pulls, with several clients, until nothing waits.</summary>
    internal async Task<List<string>> DrainAsync()
        => [.. (await Task.WhenAll(Enumerable.Range(0, Drainers).Select(_ => DrainInOrderAsync()))).SelectMany(emails => emails)];

    /// <summary>Pulls one by one until nothing waits.</summary>
    internal async Task<List<string>> DrainInOrderAsync()
    {
        var emails = new List<string>();
        while (true)
        {
            var answer = await NextAsync();
            Assert.Equal(200, answer.Status);
            if (answer.Email is not { } email)
            {
                return emails;
            }

            emails.Add(email);
        }
    }

    internal async Task<int?> StatusAsync(string path)
        => (await AskAsync(new HttpRequestMessage(HttpMethod.Get, path), Eventually.Patience)).Status;

    private async Task<Answer> AskAsync(string path, object body, string? key, TimeSpan patience)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body, options: s_json) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return await AskAsync(request, patience);
    }

    private async Task<Answer> AskAsync(HttpRequestMessage request, TimeSpan patience)
    {
        using var hangUp = new CancellationTokenSource(patience);
        try
        {
            using var response = await _http.SendAsync(request, hangUp.Token);
            var body = await response.Content.ReadAsStringAsync(hangUp.Token);
            return new Answer((int)response.StatusCode, null, body) is var answer && response.StatusCode != HttpStatusCode.OK ? answer
                : Read(answer with { Replayed = response.Headers.Contains("Idempotent-Replayed") });
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException or OperationCanceledException)
        {
            return new Answer(null, null, broken.Message);
        }
    }

    private static Answer Read(Answer answer)
    {
        using var json = JsonDocument.Parse(answer.Body);
        if (json.RootElement.TryGetProperty("leads", out var leads) && json.RootElement.TryGetProperty("found", out _))
        {
            return answer with { Emails = [.. leads.EnumerateArray().Select(one => one.GetProperty("email").GetString()!)] };
        }

        return !json.RootElement.TryGetProperty("lead", out var lead) ? answer : answer with
        {
            Email = lead.GetProperty("email").GetString(),
            Emails = [lead.GetProperty("email").GetString()!],
            Lease = lead.TryGetProperty("leaseId", out var lease) ? lease.GetGuid() : null,
        };
    }

    private static long Count(JsonElement json, string name) => json.GetProperty(name).GetInt64();

    /// <summary>Turns to the next host where one refuses, as a load balancer does.</summary>
    private sealed class Balancer(IReadOnlyList<Uri> hosts) : DelegatingHandler
    {
        private int _current;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var at = Volatile.Read(ref _current);
            request.RequestUri = new Uri(hosts[at], request.RequestUri!.PathAndQuery);
            var response = await base.SendAsync(request, cancellationToken);
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
            {
                Interlocked.CompareExchange(ref _current, (at + 1) % hosts.Count, at);
            }

            return response;
        }
    }
}

/// <summary>A lead as a campaign service pushes it.</summary>
internal sealed record PushedLead(string Email, int Priority = 0);

/// <summary>What a request came to.</summary>
/// <param name="Status">Null where the connection broke, or the client hung up.</param>
/// <param name="Email">Of the lead that was answered, if one was.</param>
/// <param name="Body">As it came, or how it broke.</param>
internal sealed record Answer(int? Status, string? Email, string Body)
{
    /// <summary>Of the lead that was answered, if it was leased.</summary>
    internal Guid? Lease { get; init; }

    /// <summary>Of all leads that were answered.</summary>
    internal IReadOnlyList<string> Emails { get; init; } = [];

    /// <summary>Whether it had been given before.</summary>
    internal bool Replayed { get; init; }
}

/// <summary>A namespace's counts.</summary>
internal sealed record Counts(long Waiting, long Served, long Skipped)
{
    internal long Leased { get; init; }

    internal long Dead { get; init; }

    internal long Pushed => Waiting + Leased + Dead + Served + Skipped;

    /// <summary>Leads that are yet to be handed out for good.</summary>
    internal long Open => Waiting + Leased + Dead;
}
