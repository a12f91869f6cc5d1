using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using LeadGrain.Gateway;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Tests.Gateway;

/// <summary>The gateway on a real server on a free loopback port, before grains in memory.</summary>
internal sealed class GatewayServer : IAsyncDisposable
{
    internal const string Key = "a key for tests";

    private GatewayServer(WebApplication app, FakeGrid grid)
    {
        App = app;
        Grid = grid;
        Client = NewClient("app", "org");
    }

    internal WebApplication App { get; }

    internal FakeGrid Grid { get; }

    /// <summary>Carries the key and acts for app/org.</summary>
    internal HttpClient Client { get; }

    internal static async Task<GatewayServer> StartAsync(
        Action<IServiceCollection>? services = null, Action<WebApplication>? routes = null, params (string Name, string Value)[] settings)
    {
        var grid = new FakeGrid();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(setting => setting.Name, setting => (string?)setting.Value));
        builder.Services.AddSingleton(grid.Grains);
        builder.Services.AddSingleton<IPostKeeper, NoKeeper>();
        builder.Services.AddGateway(builder.Configuration);
        builder.Services.Configure<SecurityOptions>(options => options.ApiKeyHash = SecurityOptions.Hash(Key));
        builder.Services.Configure<GatewayOptions>(options => options.OwnershipRetryDelay = TimeSpan.Zero);
        services?.Invoke(builder.Services);
        var app = builder.Build();
        app.MapGateway();
        routes?.Invoke(app);
        await app.StartAsync();
        return new GatewayServer(app, grid);
    }

    internal HttpClient NewClient(string? app, string? org, string? key = Key)
    {
        var client = new HttpClient { BaseAddress = new Uri(App.Urls.Single()) };
        (string Name, string? Value)[] headers = [("X-API-Key", key), ("X-App-Id", app), ("X-Org-Id", org)];
        foreach (var (name, value) in headers)
        {
            if (value is not null)
            {
                client.DefaultRequestHeaders.TryAddWithoutValidation(name, value);
            }
        }

        return client;
    }

    internal Task<Answer> PostAsync(string path, string json) => PostAsync(path, Encoding.UTF8.GetBytes(json));

    internal async Task<Answer> PostAsync(string path, byte[] body, string? contentType = "application/json") =>
        await Answer.OfAsync(await Client.PostAsync(path, Content(body, contentType)));

    /// <summary>Posts with an Idempotency-Key.</summary>
    internal async Task<Answer> PostKeyedAsync(string path, string json, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = Content(Encoding.UTF8.GetBytes(json), "application/json") };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        return await Answer.OfAsync(await Client.SendAsync(request));
    }

    internal async Task<Answer> PutAsync(string path, string json) =>
        await Answer.OfAsync(await Client.PutAsync(path, Content(Encoding.UTF8.GetBytes(json), "application/json")));

    internal async Task<Answer> GetAsync(string path) => await Answer.OfAsync(await Client.GetAsync(path));

    /// <summary>Asks until it is served: what a request took is given back a moment after its answer.</summary>
    internal static Task ServedAsync(Func<Task<Answer>> ask)
        => Eventually.FindAsync("it is served", async () => (await ask()).Status, status => status == HttpStatusCode.OK);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await App.DisposeAsync();
    }

    private static ByteArrayContent Content(byte[] body, string? contentType)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = contentType is null ? null : MediaTypeHeaderValue.Parse(contentType);
        return content;
    }
}

/// <summary>Where no test posts a lead.</summary>
internal sealed class NoKeeper : IPostKeeper
{
    public Guid NextId() => throw new NotSupportedException();

    public Task<PostOutcome> KeepAsync(Tenant tenant, RawPost post, CancellationToken givenUp) => throw new NotSupportedException();
}

/// <summary>An answer, read to its end.</summary>
internal sealed record Answer(HttpStatusCode Status, string Body, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders)
{
    internal JsonNode Json => JsonNode.Parse(Body)!;

    internal string? Code => (string?)Json["code"];

    internal string? Member => (string?)Json["member"];

    internal static async Task<Answer> OfAsync(HttpResponseMessage response) =>
        new(response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers, response.Content.Headers);

    /// <summary>Holds the whole form of a problem against what was expected of it.</summary>
    internal Answer MustBeProblem(int status, string code, string? member = null)
    {
        Assert.Equal((status, code, member), ((int)Status, Code, Member));
        Assert.Equal("application/problem+json", ContentHeaders.ContentType!.MediaType);
        Assert.Equal(status, (int)Json["status"]!);
        Assert.Equal($"urn:leadgrain:problem:{code}", (string?)Json["type"]);
        Assert.Equal(Headers.GetValues("X-Request-Id").Single(), (string?)Json["requestId"]);
        Assert.False(string.IsNullOrEmpty((string?)Json["title"]));
        Assert.False(string.IsNullOrEmpty((string?)Json["detail"]));
        return this;
    }
}
