using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace LeadGrain.Sandbox.Clay;

/// <summary>The rows and their delivery.</summary>
internal sealed class ClayTable(FakeClayOptions options) : IDisposable
{
    private static readonly string[] s_personas = ["VP Sales", "Marketing Manager", "Head of Growth", "Founder"];
    private static readonly TimeSpan s_firstWait = TimeSpan.FromMilliseconds(100);

    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly ConcurrentQueue<ClayDelivery> _deliveries = new();
    private readonly Random _random = new(options.Seed);
    private int _rows;

    public IReadOnlyList<ClayDelivery> Deliveries => [.. _deliveries];

    public async Task<IReadOnlyList<ClayDelivery>> DeliverAsync(Uri url, int rows, CancellationToken cancellationToken)
    {
        var made = new List<ClayDelivery>();
        for (var i = 0; i < rows; i++)
        {
            var row = Row(Interlocked.Increment(ref _rows));
            for (var times = _random.NextDouble() < options.Repeats ? 2 : 1; times > 0; times--)
            {
                var delivery = await DeliverAsync(url, row, cancellationToken);
                made.Add(delivery);
                _deliveries.Enqueue(delivery);
            }
        }

        return made;
    }

    public void Dispose() => _client.Dispose();

    // The column names that a user of the table chose, not ours.
    private JsonObject Row(int number) => new()
    {
        ["email"] = $"person{number}@row{options.Seed}.example",
        ["First Name"] = $"First{number}",
        ["Last Name"] = $"Last{number}",
        ["Company"] = $"Company {number % 50}",
        ["persona"] = s_personas[_random.Next(s_personas.Length)],
        ["lead_score"] = _random.Next(40, 100),
    };

    private async Task<ClayDelivery> DeliverAsync(Uri url, JsonObject row, CancellationToken cancellationToken)
    {
        var body = Encoding.UTF8.GetBytes(row.ToJsonString());
        var email = (string)row["email"]!;
        var (status, answer) = (0, "");
        for (var attempt = 1; attempt <= options.Attempts; attempt++)
        {
            (status, answer) = await TryAsync(url, body, cancellationToken);
            if (status is not (0 or 429 or >= 500))
            {
                return new ClayDelivery(email, status, attempt, answer);
            }

            await Task.Delay(s_firstWait * Math.Pow(2, attempt - 1), options.Time, cancellationToken);
        }

        return new ClayDelivery(email, status, options.Attempts, answer);
    }

    private async Task<(int Status, string Answer)> TryAsync(Uri url, byte[] body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var mac = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(options.Secret), body));
        request.Headers.Add("X-Clay-Signature", options.BareHex ? mac : $"sha256={mac}");
        try
        {
            using var response = await _client.SendAsync(request, cancellationToken);
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken));
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return (0, "");
        }
    }
}
