using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.Tests.Gateway;

namespace LeadGrain.Tests.Idempotency;

public sealed class IdempotencyApiTests
{
    private static readonly string s_ids = $"\"leaseIds\":[\"{Guid.NewGuid()}\"]";

    public static TheoryData<string, string> Routes() => new()
    {
        { "/buffer/push", """{"namespace":"n","leads":[{"email":"a@b.c"}]}""" },
        { "/buffer/next", """{"namespace":"n"}""" },
        { "/buffer/ack", $$"""{"namespace":"n",{{s_ids}}}""" },
        { "/buffer/nack", $$"""{"namespace":"n",{{s_ids}}}""" },
        { "/buffer/extend", $$"""{"namespace":"n",{{s_ids}},"leaseSeconds":5}""" },
    };

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task A_key_reaches_the_grain_with_the_hash_of_the_body_as_received(string path, string body)
    {
        await using var server = await GatewayServer.StartAsync();
        var text = $" {body}\n";

        var answer = await server.PostKeyedAsync(path, text, "key 1~");
        await server.PostAsync(path, text);

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.False(answer.Headers.Contains("Idempotent-Replayed"));
        var (with, without) = (Keys(server)[0]!, Keys(server)[1]);
        Assert.Equal(("key 1~", Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)))), (with.Key, Convert.ToHexString(with.Body)));
        Assert.Null(without);
    }

    [Fact]
    public async Task The_hash_of_a_body_that_comes_in_many_pieces_is_of_all_of_them()
    {
        await using var server = await GatewayServer.StartAsync();
        var body = $$"""{"namespace":"n","leads":[{"email":"a@b.c","data":"{{new string('x', 1_000_000)}}"}]}""";

        await server.PostKeyedAsync("/buffer/push", body, "k");

        Assert.Equal(SHA256.HashData(Encoding.UTF8.GetBytes(body)), Keys(server).Single()!.Body);
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task What_became_of_the_key_is_told(string path, string body)
    {
        await using var server = await GatewayServer.StartAsync();
        var fake = server.Grid.Namespace("app/org/n");

        fake.Use = KeyUse.Replayed;
        var replayed = await server.PostKeyedAsync(path, body, "k");
        fake.Use = KeyUse.InProgress;
        var running = await server.PostKeyedAsync(path, body, "k");
        fake.Use = KeyUse.TakenByOther;
        var taken = await server.PostKeyedAsync(path, body, "k");

        Assert.Equal(HttpStatusCode.OK, replayed.Status);
        Assert.Equal(["true"], replayed.Headers.GetValues("Idempotent-Replayed"));
        running.MustBeProblem(409, "request_in_progress", "Idempotency-Key");
        Assert.Equal(TimeSpan.FromSeconds(1), running.Headers.RetryAfter!.Delta);
        Assert.False(running.Headers.Contains("Idempotent-Replayed"));
        taken.MustBeProblem(422, "idempotency_key_reused", "Idempotency-Key");
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task A_key_that_cannot_be_one_is_refused(string path, string body)
    {
        await using var server = await GatewayServer.StartAsync();

        foreach (var key in new[] { "", "  ", "a\tb", "a\u007fb", new string('k', 256) })
        {
            (await server.PostKeyedAsync(path, body, key)).MustBeProblem(400, "invalid_idempotency_key", "Idempotency-Key");
        }

        Assert.Empty(Keys(server));
        Assert.Equal(HttpStatusCode.OK, (await server.PostKeyedAsync(path, body, new string('k', 255))).Status);
    }

    [Fact]
    public async Task Two_keys_are_one_too_many()
    {
        await using var server = await GatewayServer.StartAsync();
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, new Uri(server.App.Urls.Single()).Port);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /buffer/next HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-API-Key: {GatewayServer.Key}\r\nX-App-Id: app\r\nX-Org-Id: org\r\n"
            + "Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 17\r\n\r\n{\"namespace\":\"n\"}"));
        using var reader = new StreamReader(stream);

        Assert.Contains("invalid_idempotency_key", await reader.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Empty(Keys(server));
    }

    [Fact]
    public async Task A_pull_that_waits_keeps_its_key_while_it_asks_again()
    {
        await using var server = await GatewayServer.StartAsync();
        var waiting = server.PostKeyedAsync("/buffer/next", """{"namespace":"n","waitSeconds":30}""", "k");
        await server.Grid.Arrived.WaitAsync();
        await server.Grid.Arrived.WaitAsync();

        await server.PostAsync("/buffer/push", """{"namespace":"n","leads":[{"email":"a@b.c"}]}""");

        Assert.True((bool)(await waiting).Json["found"]!);
        Assert.Equal(["k", "k"], server.Grid.Namespace("app/org/n").Pulls.Select(pull => pull.Key!.Key));
    }

    private static List<RequestKey?> Keys(GatewayServer server)
    {
        var fake = server.Grid.Namespace("app/org/n");
        return [.. fake.Pushes.Select(push => push.Key), .. fake.Pulls.Select(pull => pull.Key), .. fake.Settlements.Select(lease => lease.Key)];
    }
}
