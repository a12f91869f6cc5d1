using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Gateway;

/// <summary>Bodies that come slowly, or not to their end. The server's own least rate, which goes by a clock of its own, is off.</summary>
public sealed class SlowBodyTests
{
    private const int Part = 40 * 1024; // ten seconds more

    private static readonly string s_padding = new('x', 2 * Part);

    [Theory]
    [InlineData("/buffer/push")]
    [InlineData("/api/ingest/clay?orgId=o")]
    [InlineData("/api/lead")]
    public async Task A_body_that_stops_coming_is_given_up_after_half_a_minute_and_a_second_for_each_4_KiB_of_it(string path)
    {
        var time = new FakeTime();
        await using var server = await StartAsync(time);
        var waitsOn = time.SetAsync(static (_, due) => due == TimeSpan.FromSeconds(40));
        using var sender = await Sender.StartAsync(server, path, length: 3 * Part);
        await sender.SendAsync(s_padding[..Part]);
        await waitsOn;

        var answer = sender.AnswerAsync();
        time.Advance(TimeSpan.FromSeconds(39.9));
        Assert.False(answer.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.StartsWith("HTTP/1.1 408", await answer, StringComparison.Ordinal);
        Assert.Contains(path.Contains("clay", StringComparison.Ordinal) ? "too slowly" : "request_timeout", await answer, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_body_that_goes_on_coming_is_waited_for()
    {
        var time = new FakeTime();
        await using var server = await StartAsync(time);
        var body = $$"""{"namespace":"n","leads":[{"email":"a@x.example"}],"note":"{{s_padding}}"}""";
        using var sender = await Sender.StartAsync(server, "/buffer/push", body.Length);
        for (var n = 1; n <= 2; n++)
        {
            // The clock stands at 39 seconds after the first part, with 11 left after the second.
            var waitsOn = time.SetAsync((_, due) => due == TimeSpan.FromSeconds(n == 1 ? 40 : 11));
            await sender.SendAsync(body[((n - 1) * Part)..(n * Part)]);
            await waitsOn;
            time.Advance(TimeSpan.FromSeconds(n == 1 ? 39 : 10.9));
        }

        await sender.SendAsync(body[(2 * Part)..]);

        Assert.StartsWith("HTTP/1.1 200", await sender.AnswerAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Slow_deliveries_without_a_proof_take_no_more_than_a_quarter_of_the_places()
    {
        await using var server = await StartAsync(TimeProvider.System, ("MAX_IN_FLIGHT", "8"));
        var senders = new List<Sender>();
        for (var n = 0; n < 8; n++)
        {
            senders.Add(await Sender.StartAsync(server, n % 2 == 0 ? "/api/ingest/clay?orgId=o" : "/webhooks/smartlead?orgId=o", length: 1_000));
        }

        var answers = senders.ConvertAll(sender => sender.AnswerAsync());
        await Eventually.Async("all but two are refused", () => answers.Count(answer => answer.IsCompleted) == 6);
        foreach (var refused in answers.Where(answer => answer.IsCompleted))
        {
            Assert.StartsWith("HTTP/1.1 503", await refused, StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/leads")).Status);

        senders.ForEach(sender => sender.Dispose());
        await Eventually.FindAsync(
            "there is room again",
            async () => (await server.PostAsync("/api/ingest/clay?orgId=o", "{}")).Status,
            status => status == HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Slow_deliveries_without_a_proof_take_no_more_than_a_quarter_of_the_memory()
    {
        const int MiB = 1024 * 1024;
        await using var server = await StartAsync(TimeProvider.System, ("MAX_BODY_MEMORY", $"{32 * MiB}"));
        var senders = new List<Sender>();
        var answers = new List<Task<string>>();
        for (var n = 0; n < 24; n++)
        {
            senders.Add(await Sender.StartAsync(server, "/api/ingest/clay?orgId=o", MiB));
            answers.Add(senders[^1].AnswerAsync());
            await senders[^1].SendAsync(new string('x', MiB - 1));
        }

        // Each is counted from 64 KiB on: eight of them are in, and half of a ninth.
        await Eventually.Async("all but eight are refused", () => answers.Count(answer => answer.IsCompleted) >= 16);
        var refused = await answers.First(answer => answer.IsCompleted);
        Assert.StartsWith("HTTP/1.1 503", refused, StringComparison.Ordinal);
        Assert.Contains("large requests", refused, StringComparison.Ordinal);

        var push = $$"""{"namespace":"n","leads":[{"email":"a@x.example","data":"{{new string('x', 900_000)}}"}],"note":"{{new string('x', 20 * MiB)}}"}""";
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("/buffer/push", push)).Status);
        senders.ForEach(sender => sender.Dispose());
    }

    private static Task<GatewayServer> StartAsync(TimeProvider time, params (string Name, string Value)[] settings) => GatewayServer.StartAsync(
        services => services.AddSingleton(time).Configure<KestrelServerOptions>(static kestrel => kestrel.Limits.MinRequestBodyDataRate = null),
        settings: [("REFUSAL_DELAY", "00:00:00"), .. settings]);

    /// <summary>A request whose body is sent by hand.</summary>
    private sealed class Sender : IDisposable
    {
        private readonly TcpClient _client = new();

        public void Dispose() => _client.Dispose();

        internal static async Task<Sender> StartAsync(GatewayServer server, string path, int length)
        {
            var sender = new Sender();
            await sender._client.ConnectAsync(IPAddress.Loopback, new Uri(server.App.Urls.Single()).Port);
            await sender.SendAsync(
                $"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n"
                + (path == "/buffer/push" ? $"X-API-Key: {GatewayServer.Key}\r\nX-App-Id: app\r\nX-Org-Id: org\r\n\r\n" : "\r\n"));
            return sender;
        }

        internal async Task SendAsync(string text)
        {
            try
            {
                await _client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text));
            }
            catch (IOException)
            {
                // It was refused meanwhile.
            }
        }

        /// <summary>Waits for the answer, read as far as it comes.</summary>
        internal async Task<string> AnswerAsync()
        {
            var answer = new StringBuilder();
            var bytes = new byte[4_096];
            try
            {
                while (await _client.GetStream().ReadAsync(bytes).AsTask().WaitAsync(Eventually.Patience) is > 0 and var read)
                {
                    answer.Append(Encoding.ASCII.GetString(bytes, 0, read));
                }
            }
            catch (Exception cut) when (cut is IOException or ObjectDisposedException)
            {
                // Whoever is refused is not read to its end.
            }

            return answer.ToString();
        }
    }
}
