using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Sandbox.Smartlead;

/// <summary>
/// A stand-in for Smartlead's adding of leads on a loopback port, which limits rates as the vendor does and fails as it does
/// where told to. It refuses leads by words in their address: invalid, unsubscribed, blocked, bounced; and does not know
/// campaigns that are called missing.
/// </summary>
public sealed class FakeSmartlead : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly SmartleadScript _script;
    private readonly SmartleadWebhooks _webhooks;

    private FakeSmartlead(FakeSmartleadOptions options)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, options.Port);
        });
        Options = options;
        _script = new SmartleadScript(options);
        _webhooks = new SmartleadWebhooks(options, Book);
        _app = builder.Build();
        new SmartleadRoutes(options, _script, Book, _webhooks).Map(_app);
    }

    /// <summary>Its base address, the path included, without a slash at the end.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>How it is set up.</summary>
    public FakeSmartleadOptions Options { get; }

    /// <summary>What it took and what it was asked.</summary>
    public SmartleadBook Book { get; } = new();

    /// <summary>Starts one.</summary>
    public static async Task<FakeSmartlead> StartAsync(FakeSmartleadOptions? options = null, CancellationToken cancellationToken = default)
    {
        var smartlead = new FakeSmartlead(options ?? new FakeSmartleadOptions());
        await smartlead._app.StartAsync(cancellationToken);
        smartlead.Url = new Uri(smartlead._app.Urls.First() + SmartleadRoutes.BasePath);
        return smartlead;
    }

    /// <summary>Meets the next requests with this.</summary>
    public void BehaveNext(int requests, SmartleadBehavior behavior) => _script.Next(requests, behavior);

    /// <summary>Meets every request that nothing else is set for with this.</summary>
    public void BehaveAlways(SmartleadBehavior behavior) => _script.Always(behavior);

    /// <summary>Sends a signed event, such as EMAIL_BOUNCE, of a lead in a campaign.</summary>
    /// <returns>The status that it was answered with; 0 where no answer came.</returns>
    public Task<int> SendEventAsync(Uri url, string name, string campaign, string email, CancellationToken cancellationToken = default) =>
        _webhooks.SendAsync(url, _webhooks.Payload(name, campaign, email), cancellationToken);

    /// <summary>Stops at once: requests under way are cut.</summary>
    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        _webhooks.Dispose();
    }
}
