using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Sandbox.Apollo;

/// <summary>
/// A stand-in for Apollo's people enrichment on a loopback port, which fails as the vendor does where told to.
/// It makes people up from their email; addresses that hold "nobody" are unknown to it.
/// </summary>
public sealed class FakeApollo : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ApolloScript _script = new();

    private FakeApollo(FakeApolloOptions options)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, options.Port);
        });
        ApiKey = options.ApiKey;
        _app = builder.Build();
        new ApolloRoutes(options, _script, Book).Map(_app);
    }

    /// <summary>Its base address, the path included, without a slash at the end.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>The key that it takes.</summary>
    public string ApiKey { get; }

    /// <summary>Every call that it received.</summary>
    public ApolloBook Book { get; } = new();

    /// <summary>Starts one.</summary>
    public static async Task<FakeApollo> StartAsync(FakeApolloOptions? options = null, CancellationToken cancellationToken = default)
    {
        var apollo = new FakeApollo(options ?? new FakeApolloOptions());
        await apollo._app.StartAsync(cancellationToken);
        apollo.Url = new Uri(apollo._app.Urls.First() + ApolloRoutes.BasePath);
        return apollo;
    }

    /// <summary>Meets the next calls with this.</summary>
    public void BehaveNext(int calls, ApolloBehavior behavior) => _script.Next(calls, behavior);

    /// <summary>Meets every call that nothing else is set for with this.</summary>
    public void BehaveAlways(ApolloBehavior behavior) => _script.Always(behavior);

    /// <summary>Stops at once: calls under way are cut.</summary>
    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}
