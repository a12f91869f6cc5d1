using System.Net;
using System.Text;
using LeadGrain.Tests.Gateway;

namespace LeadGrain.Tests.OrleansHost;

/// <summary>A campaign service that talks to one gateway.</summary>
internal sealed class GridClient : IDisposable
{
    private readonly HttpClient _http;

    internal GridClient(string url)
    {
        _http = new HttpClient { BaseAddress = new Uri(url) };
        _http.DefaultRequestHeaders.Add("X-API-Key", Cluster.Key);
        _http.DefaultRequestHeaders.Add("X-App-Id", "app");
        _http.DefaultRequestHeaders.Add("X-Org-Id", "org");
    }

    /// <summary>Pushes until it is known to be done: a repeated push harms nothing, since an email is served once.</summary>
    internal async Task PushAsync(string name, params IEnumerable<string> emails)
    {
        var leads = string.Join(',', emails.Select(email => $$"""{"email":"{{email}}"}"""));
        var body = $$"""{"namespace":"{{name}}","leads":[{{leads}}]}""";
        await UntilDoneAsync(() => PostAsync("/buffer/push", body));
    }

    /// <summary>Pulls the next email; null where nothing waits. Repeats only where nothing was done.</summary>
    internal async Task<string?> PullAsync(string name)
    {
        var answer = await UntilDoneAsync(() => PostAsync("/buffer/next", $$"""{"namespace":"{{name}}"}"""));
        return (bool)answer.Json["found"]! ? (string?)answer.Json["lead"]!["email"] : null;
    }

    internal async Task<List<string>> DrainAsync(string name)
    {
        var emails = new List<string>();
        while (await PullAsync(name) is { } email)
        {
            emails.Add(email);
        }

        return emails;
    }

    internal Task<Answer> TryPullAsync(string name) => PostAsync("/buffer/next", $$"""{"namespace":"{{name}}"}""");

    /// <summary>Posts a lead, once.</summary>
    internal Task<Answer> PostLeadAsync(string body) => PostAsync("/api/lead", body);

    internal async Task<Answer> GetAsync(string path) => await Answer.OfAsync(await _http.GetAsync(path));

    public void Dispose() => _http.Dispose();

    private static async Task<Answer> UntilDoneAsync(Func<Task<Answer>> ask)
    {
        var answer = await Eventually.FindAsync("it is ready", ask, answer => answer.Status == HttpStatusCode.OK || answer.Code != "not_ready");
        Assert.Equal((HttpStatusCode.OK, answer.Body), (answer.Status, answer.Body));
        return answer;
    }

    internal async Task<Answer> PostAsync(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        return await Answer.OfAsync(await _http.PostAsync(path, content));
    }
}
