using System.Net;
using System.Net.Sockets;
using System.Text;
using LeadGrain.GrainInterfaces.Leads;

namespace LeadGrain.Tests.Gateway;

/// <summary>Large answers that nobody reads.</summary>
public sealed class UnreadAnswerTests
{
    // Far more than the operating system takes off the process's hands.
    private const int LeadBytes = 4 * 1024 * 1024;

    [Fact]
    public async Task Lists_that_nobody_reads_take_no_more_memory_than_the_organizations_share_and_leave_others_theirs()
    {
        await using var server = await GatewayServer.StartAsync(settings: ("MAX_BODY_MEMORY", $"{256 * 1024 * 1024}"));
        foreach (var tenant in new[] { "app/org", "app/other" })
        {
            server.Grid.Organization(tenant).Leads.AddRange(Enumerable.Range(0, 4).Select(n =>
                new ServedLead(Guid.NewGuid(), $"{n}@x.y", new string('x', LeadBytes), "n", null, null, null, DateTimeOffset.UnixEpoch, null)));
        }

        // Four of them fill the share of 64 MiB.
        var unread = new List<Socket>();
        try
        {
            for (var n = 0; n < 3; n++)
            {
                unread.Add(await AskAsync(server));
            }

            await Eventually.Async("a fourth and fifth are refused", async () =>
            {
                unread.Add(await AskAsync(server));
                return (await server.GetAsync("/leads")).Status == HttpStatusCode.ServiceUnavailable;
            });
            (await server.GetAsync("/leads")).MustBeProblem(503, "overloaded");
            using var other = server.NewClient("app", "other");
            Assert.Equal(HttpStatusCode.OK, (await other.GetAsync("/leads")).StatusCode);
            Assert.InRange(unread.Count, 4, 8);
        }
        finally
        {
            unread.ForEach(static socket => socket.Dispose());
        }

        await Eventually.Async("what they held is given back", async () => (await server.GetAsync("/leads")).Status == HttpStatusCode.OK);
    }

    private static async Task<Socket> AskAsync(GatewayServer server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync("127.0.0.1", new Uri(server.App.Urls.Single()).Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"GET /leads HTTP/1.1\r\nHost: x\r\nX-API-Key: {GatewayServer.Key}\r\nX-App-Id: app\r\nX-Org-Id: org\r\n\r\n"));
        return socket;
    }
}
