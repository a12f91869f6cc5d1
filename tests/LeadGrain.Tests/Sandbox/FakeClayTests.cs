using System.Security.Cryptography;
using System.Text;
using LeadGrain.Sandbox.Clay;
using LeadGrain.Tests.Outbound;

namespace LeadGrain.Tests.Sandbox;

public sealed class FakeClayTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Rows_come_signed_over_their_bytes_some_twice_and_again_after_a_failure(bool bareHex)
    {
        var failures = 1;
        await using var server = await LoopbackServer.Start((_, context) =>
        {
            context.Response.StatusCode = Interlocked.Decrement(ref failures) >= 0 ? 503 : 200;
            return Task.CompletedTask;
        });
        await using var clay = await FakeClay.StartAsync(new FakeClayOptions { BareHex = bareHex, Repeats = 0.5 });

        var deliveries = await clay.DeliverAsync(new Uri(server.Url + "/api/ingest/clay"), 20);

        Assert.All(deliveries, delivery => Assert.Equal(200, delivery.Status));
        Assert.Equal((2, 20), (deliveries[0].Attempts, deliveries.Select(delivery => delivery.Email).Distinct().Count()));
        Assert.InRange(deliveries.Count, 22, 38);
        Assert.All(server.Requests, heard => Assert.Equal(
            (bareHex ? "" : "sha256=") + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(clay.Options.Secret), heard.Body)),
            heard.Headers["X-Clay-Signature"]));
    }
}
