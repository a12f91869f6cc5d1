using System.Net;
using System.Net.Sockets;
using System.Text;
using LeadGrain.Gateway.Connections;
using LeadGrain.Tests.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Ingestion;

/// <summary>Senders that send and close at once, and that write headers in other alphabets.</summary>
public sealed class LeavingSenderTests : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private TestGrid _grid = null!;
    private bool _isWatched;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync();
        _grid = await TestGrid.StartAsync(_database, builder => builder.Services.AddSingleton<IStartupFilter>(new Watch(() => _isWatched = true)));
    }

    public async Task DisposeAsync()
    {
        await _grid.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Theory]
    [InlineData(10, 1_000_000, false)]
    [InlineData(40, 100, false)]
    [InlineData(40, 100, true)]
    [InlineData(10, 200_000, true)]
    public async Task A_post_whose_sender_closes_at_once_is_a_lead(int posts, int bytes, bool inChunks)
    {
        for (var n = 0; n < posts; n++)
        {
            var body = Encoding.ASCII.GetBytes($$"""{"email":"{{n}}@b.c","x":"{{new string('x', bytes)}}"}""");
            await SendAsync(inChunks
                ? [.. Head("Transfer-Encoding: chunked"), .. Chunk(body[..50]), .. Chunk(body[50..]), .. "0\r\n\r\n"u8]
                : [.. Head($"Content-Length: {body.Length}"), .. body]);
        }

        await Eventually.FindAsync("all are leads", () => CountAsync("leads"), found => found >= posts);
        Assert.Equal(posts, await _database.ScalarAsync<long>("select count(distinct email) from leads"));
    }

    [Fact]
    public async Task Every_request_can_tell_whether_its_caller_has_closed()
    {
        await _grid.Client.NextAsync("n");

        Assert.True(_isWatched);
    }

    [Fact]
    public async Task Posts_that_were_sent_in_one_go_are_a_lead_each()
    {
        byte[] One(int n) => [.. Head("Content-Length: 17"), .. Encoding.ASCII.GetBytes($$"""{"email":"{{n}}@b.c"}""")];

        await SendAsync([.. One(1), .. One(2), .. One(3)]);

        await Eventually.FindAsync("all are leads", () => CountAsync("leads"), found => found == 3);
    }

    [Theory]
    [InlineData("Content-Length: 30\r\n\r\n{\"email\":\"half@b.c\"}")]
    [InlineData("Content-Length: 30\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n14\r\n{\"email\":\"half@b.c\"}\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n14\r\n{\"email\":")]
    [InlineData("Content-Le")]
    public async Task A_post_of_which_a_part_never_came_is_none(string rest)
    {
        await SendAsync([.. "POST /api/lead HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"u8, .. Encoding.ASCII.GetBytes(rest)]);
        await SendAsync([.. Head("Content-Length: 19"), .. """{"email":"all@b.c"}"""u8]);

        await Eventually.FindAsync("the whole one is a lead", () => CountAsync("leads"), found => found == 1);
        Assert.Equal(1, await CountAsync("leads_raw"));
    }

    [Theory]
    [InlineData(new byte[] { 0xFC }, "\u00fc")] // Latin-1
    [InlineData(new byte[] { 0xC3, 0xBC }, "\u00fc")] // UTF-8
    [InlineData(new byte[] { 0xE2, 0x82 }, "\u00e2\u0082")] // UTF-8, broken off
    [InlineData(new byte[] { (byte)'a', 0xFF, 0xC3, 0xBC, 0xFE }, "a\u00ff\u00fc\u00fe")]
    public async Task A_header_in_whatever_alphabet_does_not_cost_the_post(byte[] value, string kept)
    {
        var answer = await AskAsync([.. "POST /api/lead HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nX-City: "u8, .. value, .. "\r\nContent-Length: 17\r\n\r\n{\"email\":\"1@b.c\"}"u8]);

        Assert.StartsWith("HTTP/1.1 201", answer, StringComparison.Ordinal);
        Assert.Equal(kept, await _database.ScalarAsync<string>("select headers->>'X-City' from leads_raw"));
    }

    private static byte[] Head(string length)
        => Encoding.ASCII.GetBytes($"POST /api/lead HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{length}\r\n\r\n");

    private static byte[] Chunk(byte[] bytes) => [.. Encoding.ASCII.GetBytes($"{bytes.Length:x}\r\n"), .. bytes, .. "\r\n"u8];

    private async Task<TcpClient> ConnectAsync()
    {
        var sender = new TcpClient();
        await sender.ConnectAsync(IPAddress.Loopback, _grid.Client.BaseAddress!.Port);
        return sender;
    }

    private async Task SendAsync(byte[] bytes)
    {
        using var sender = await ConnectAsync();
        await sender.GetStream().WriteAsync(bytes);
    }

    private async Task<string> AskAsync(byte[] bytes)
    {
        using var sender = await ConnectAsync();
        await sender.GetStream().WriteAsync(bytes);
        using var answer = new StreamReader(sender.GetStream());
        return await answer.ReadToEndAsync();
    }

    private Task<long> CountAsync(string table) => _database.ScalarAsync<long>($"select count(*) from {table}");

    private sealed class Watch(Action found) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, rest) =>
            {
                if (context.Features.Get<UnreadInput>() is not null)
                {
                    found();
                }

                return rest(context);
            });
            next(app);
        };
    }
}
