using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Sandbox.Clay;

/// <summary>
/// A stand-in for a Clay table with an HTTP-API column on a loopback port: it posts rows of made-up people, signed, to where
/// it is told, again where the answer is 5xx or does not come, and some rows twice, as a table does whose column runs again.
/// </summary>
public sealed class FakeClay : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ClayTable _table;

    private FakeClay(FakeClayOptions options)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, options.Port);
        });
        Options = options;
        _table = new ClayTable(options);
        _app = builder.Build();
        _app.MapPost("/sandbox/deliveries", (Delegate)OrderAsync);
        _app.MapGet("/sandbox/deliveries", () => TypedResults.Ok(new { deliveries = Deliveries }));
    }

    /// <summary>Where it takes orders.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>How it is set up.</summary>
    public FakeClayOptions Options { get; }

    /// <summary>Every row that it delivered, or gave up.</summary>
    public IReadOnlyList<ClayDelivery> Deliveries => _table.Deliveries;

    /// <summary>Starts one.</summary>
    public static async Task<FakeClay> StartAsync(FakeClayOptions? options = null, CancellationToken cancellationToken = default)
    {
        var clay = new FakeClay(options ?? new FakeClayOptions());
        await clay._app.StartAsync(cancellationToken);
        clay.Url = new Uri(clay._app.Urls.First());
        return clay;
    }

    /// <summary>Posts so many rows.</summary>
    /// <returns>What became of each, repeats included.</returns>
    public Task<IReadOnlyList<ClayDelivery>> DeliverAsync(Uri url, int rows, CancellationToken cancellationToken = default) =>
        _table.DeliverAsync(url, rows, cancellationToken);

    /// <summary>Stops at once.</summary>
    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        _table.Dispose();
    }

    private async Task<IResult> OrderAsync(HttpContext http)
    {
        try
        {
            var asked = await JsonNode.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
            return Uri.TryCreate((string?)asked?["url"], UriKind.Absolute, out var url)
                ? TypedResults.Ok(new { deliveries = await DeliverAsync(url, (int?)asked?["rows"] ?? 1, http.RequestAborted) })
                : TypedResults.BadRequest(new { error = "url is required." });
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return TypedResults.BadRequest(new { error = "The body must be {url, rows}." });
        }
    }
}
