using System.Buffers.Binary;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using LeadGrain.Grains.Gate;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace LeadGrain.Tests.Gate;

public sealed class MailHostTests
{
    private readonly FakeTime _time = new();

    [Theory]
    [InlineData("mail.example", true)]
    [InlineData("address.example", true)]
    [InlineData("newer.example", true)]
    [InlineData("refuses.example", false)]
    [InlineData("empty.example", false)]
    [InlineData("gone.example", false)]
    [InlineData("broken.example", null)]
    [InlineData("long.example", true)]
    [InlineData("silent.example", null)]
    public async Task A_name_server_is_asked_for_mail_hosts_and_else_for_addresses(string domain, bool? takesMail)
    {
        using var server = new NameServer();
        var resolver = new DnsResolver([server.Address], TimeSpan.FromMilliseconds(domain == "silent.example" ? 50 : 10_000));

        Assert.Equal(takesMail, await resolver.TakesMailAsync(domain, CancellationToken.None));
    }

    [Fact]
    public async Task An_answer_is_remembered_and_asked_for_anew_when_it_is_old()
    {
        var resolver = new ScriptedResolver(_ => true);
        var cache = NewCache(resolver);

        Assert.True(await cache.TakesMailAsync("a.example"));
        Assert.True(await cache.TakesMailAsync("a.example"));
        Assert.Equal(1, resolver.Asked);
        _time.Advance(TimeSpan.FromHours(7));
        Assert.True(await cache.TakesMailAsync("a.example"));

        Assert.Equal(2, resolver.Asked);
    }

    [Fact]
    public async Task A_failure_is_no_answer_and_is_forgotten_soon()
    {
        var resolver = new ScriptedResolver(n => n == 1 ? throw new SocketException() : false);
        var cache = NewCache(resolver);

        Assert.Null(await cache.TakesMailAsync("a.example"));
        Assert.Null(await cache.TakesMailAsync("a.example"));
        _time.Advance(TimeSpan.FromSeconds(31));

        Assert.False(await cache.TakesMailAsync("a.example"));
    }

    [Fact]
    public async Task A_silent_server_holds_no_lead_up()
    {
        var cache = NewCache(new ScriptedResolver(_ => true, new TaskCompletionSource<bool?>().Task));
        var asked = cache.TakesMailAsync("a.example").AsTask();

        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Null(await asked);
    }

    [Fact]
    public async Task Many_that_ask_at_once_share_a_question_and_memory_is_bounded()
    {
        var held = new TaskCompletionSource<bool?>();
        var resolver = new ScriptedResolver(_ => true, held.Task);
        var cache = NewCache(resolver, new GateOptions { RememberedDomains = 100 });
        var asked = Enumerable.Range(0, 20).Select(_ => cache.TakesMailAsync("a.example").AsTask()).ToArray();
        held.SetResult(true);
        Assert.All(await Task.WhenAll(asked), answer => Assert.True(answer));
        Assert.Equal(1, resolver.Asked);

        for (var n = 0; n < 1_000; n++)
        {
            await cache.TakesMailAsync($"{n}.example");
        }

        Assert.InRange(cache.Count, 1, 100);
    }

    [Fact]
    public async Task That_a_domain_takes_no_mail_is_believed_for_a_shorter_time_than_that_it_does()
    {
        var resolver = new ScriptedResolver(n => n > 1);
        var cache = NewCache(resolver);

        Assert.False(await cache.TakesMailAsync("a.example"));
        _time.Advance(TimeSpan.FromMinutes(59));
        Assert.False(await cache.TakesMailAsync("a.example"));
        _time.Advance(TimeSpan.FromMinutes(2));

        Assert.True(await cache.TakesMailAsync("a.example"));
    }

    [Fact]
    public async Task Only_so_many_domains_are_asked_for_at_once_and_of_further_ones_nobody_can_tell_for_a_while()
    {
        var held = new TaskCompletionSource<bool?>();
        var resolver = new ScriptedResolver(_ => true, held.Task);
        var cache = NewCache(resolver, new GateOptions { DomainsAtOnce = 2 });
        var asked = new[] { "a.example", "b.example" }.Select(domain => cache.TakesMailAsync(domain).AsTask()).ToArray();

        var further = cache.TakesMailAsync("c.example").AsTask();
        Assert.True(further.IsCompletedSuccessfully);
        Assert.Null(await further);
        Assert.Equal(2, resolver.Asked);
        held.SetResult(true);
        Assert.All(await Task.WhenAll(asked), answer => Assert.True(answer));
        Assert.Null(await cache.TakesMailAsync("c.example"));
        _time.Advance(TimeSpan.FromSeconds(31));

        Assert.True(await cache.TakesMailAsync("c.example"));
    }

    private MailHostCache NewCache(IDnsResolver resolver, GateOptions? options = null)
    {
        var meters = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();
        return new MailHostCache(resolver, new GateMetrics(meters), Options.Create(options ?? new GateOptions()), _time);
    }

    private sealed class ScriptedResolver(Func<int, bool?> answer, Task<bool?>? held = null) : IDnsResolver
    {
        internal int Asked { get; private set; }

        public async Task<bool?> TakesMailAsync(string domain, CancellationToken cancellationToken)
        {
            Asked++;
            return held is null || held.IsCompleted ? answer(Asked) : await held;
        }
    }

    /// <summary>A name server on loopback, by UDP and TCP, that knows what the test asks for.</summary>
    private sealed class NameServer : IDisposable
    {
        // Of the ports that are free for the one, some are taken for the other.
        private const int Attempts = 50;

        private readonly Socket _udp;
        private readonly TcpListener _tcp;

        internal NameServer()
        {
            (_udp, _tcp) = Listen(Attempts);
            Address = (IPEndPoint)_udp.LocalEndPoint!;
            _ = ServeUdpAsync();
            _ = ServeTcpAsync();
        }

        internal IPEndPoint Address { get; }

        public void Dispose()
        {
            _udp.Dispose();
            _tcp.Dispose();
        }

        private static (Socket Udp, TcpListener Tcp) Listen(int attempts)
        {
            var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            udp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            var tcp = new TcpListener((IPEndPoint)udp.LocalEndPoint!);
            try
            {
                tcp.Start();
                return (udp, tcp);
            }
            catch (SocketException) when (attempts > 1)
            {
                udp.Dispose();
                tcp.Dispose();
                return Listen(attempts - 1);
            }
        }

        private async Task ServeUdpAsync()
        {
            var buffer = new byte[512];
            while (true)
            {
                try
                {
                    var got = await _udp.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                    if (Reply(buffer.AsSpan(0, got.ReceivedBytes), byTcp: false) is { } reply)
                    {
                        await _udp.SendToAsync(reply, got.RemoteEndPoint);
                    }
                }
                catch (Exception over) when (over is ObjectDisposedException or SocketException)
                {
                    return;
                }
            }
        }

        private async Task ServeTcpAsync()
        {
            try
            {
                using var client = await _tcp.AcceptTcpClientAsync();
                var stream = client.GetStream();
                var prefix = new byte[2];
                await stream.ReadExactlyAsync(prefix);
                var question = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
                await stream.ReadExactlyAsync(question);
                var reply = Reply(question, byTcp: true)!;
                BinaryPrimitives.WriteUInt16BigEndian(prefix, (ushort)reply.Length);
                await stream.WriteAsync((byte[])[.. prefix, .. reply]);
            }
            catch (Exception over) when (over is ObjectDisposedException or SocketException or IOException)
            {
            }
        }

        private static byte[]? Reply(ReadOnlySpan<byte> question, bool byTcp)
        {
            var name = System.Text.Encoding.ASCII.GetString(question.Slice(13, question[12]));
            var type = (ushort)question[^3];
            var (code, records) = (name, type) switch
            {
                ("silent", _) => (-1, null),
                ("gone", _) => (3, null),
                ("broken", _) => (2, null),
                ("mail", DnsMessage.Mx) or ("long", DnsMessage.Mx) => (0, (byte[]?)[0, 10, 4, (byte)'m', (byte)'a', (byte)'i', (byte)'l', 0]),
                ("refuses", DnsMessage.Mx) => (0, [0, 0, 0]),
                ("address", DnsMessage.A) => (0, [127, 0, 0, 1]),
                ("newer", DnsMessage.Aaaa) => (0, new byte[16]),
                _ => (0, null),
            };
            if (code < 0)
            {
                return null;
            }

            var truncated = name == "long" && !byTcp;
            byte[] record = records is null || truncated ? [] : [0xC0, 12, 0, (byte)type, 0, 1, 0, 0, 0, 60, 0, (byte)records.Length, .. records];
            byte[] reply = [.. question, .. record];
            reply[2] = (byte)(0x81 | (truncated ? 2 : 0));
            reply[3] = (byte)(0x80 | code);
            reply[7] = (byte)(record.Length > 0 ? 1 : 0);
            return reply;
        }
    }
}
