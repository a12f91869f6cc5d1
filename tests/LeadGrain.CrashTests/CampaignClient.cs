using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace LeadGrain.CrashTests;

/// <summary>A campaign service: pushes to and pulls from one namespace, and says what it was answered.</summary>
internal sealed class CampaignClient : IDisposable
{
    private const int Drainers = 8;

    private readonly HttpClient _http;
    private readonly string _namespace;

    internal CampaignClient(Uri url, string ns, string key = GridSettings.TestKey)
    {
        _namespace = ns;
        _http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 256 }) { BaseAddress = url, Timeout = Eventually.Patience };
        _http.DefaultRequestHeaders.Add("X-API-Key", key);
        _http.DefaultRequestHeaders.Add("X-App-Id", "crash");
        _http.DefaultRequestHeaders.Add("X-Org-Id", "tests");
    }

    public void Dispose() => _http.Dispose();

    internal Task<Answer> PushAsync(IEnumerable<string> emails) => AskAsync(
        http => http.PostAsJsonAsync("/buffer/push", new { @namespace = _namespace, leads = emails.Select(email => new { email }) }));

    internal Task<Answer> NextAsync() => AskAsync(http => http.PostAsJsonAsync("/buffer/next", new { @namespace = _namespace }));

    /// <summary>The namespace's counts.</summary>
    internal async Task<Counts> CountsAsync()
    {
        var json = await _http.GetFromJsonAsync<JsonElement>($"/namespaces/{_namespace}");
        return new Counts(json.GetProperty("waiting").GetInt64(), json.GetProperty("served").GetInt64(), json.GetProperty("skipped").GetInt64());
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

    internal async Task<int?> StatusAsync(string path) => (await AskAsync(http => http.GetAsync(path))).Status;

    private async Task<Answer> AskAsync(Func<HttpClient, Task<HttpResponseMessage>> ask)
    {
        try
        {
            using var response = await ask(_http);
            var body = await response.Content.ReadAsStringAsync();
            return response.StatusCode != HttpStatusCode.OK ? new Answer((int)response.StatusCode, null, body)
                : new Answer(200, EmailIn(body), body);
        }
        catch (HttpRequestException broken)
        {
            return new Answer(null, null, broken.Message);
        }
        catch (IOException broken)
        {
            return new Answer(null, null, broken.Message);
        }
    }

    private static string? EmailIn(string body)
    {
        using var json = JsonDocument.Parse(body);
        return json.RootElement.TryGetProperty("lead", out var lead) ? lead.GetProperty("email").GetString() : null;
    }
}

/// <summary>What a request came to.</summary>
/// <param name="Status">Null where the connection broke.</param>
/// <param name="Email">Of the lead that was answered, if one was.</param>
/// <param name="Body">As it came, or how it broke.</param>
internal sealed record Answer(int? Status, string? Email, string Body);

/// <summary>A namespace's counts.</summary>
internal sealed record Counts(long Waiting, long Served, long Skipped)
{
    internal long Pushed => Waiting + Served + Skipped;
}
