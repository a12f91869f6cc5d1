using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LeadGrain.Gateway.Health;
using LeadGrain.Silo;
using LeadGrain.Tests.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace LeadGrain.Tests;

/// <summary>A whole process of the grid, on whichever host this build carries, on a free loopback port.</summary>
internal sealed class TestGrid : IAsyncDisposable
{
    internal const string Key = "a key for tests";

    private static readonly SemaphoreSlim s_first = new(1);
    private static volatile bool s_started;

    private TestGrid(WebApplication app)
    {
        App = app;
        Client = NewClient("app", "org");
    }

    internal WebApplication App { get; }

    /// <summary>Acts for app/org.</summary>
    internal HttpClient Client { get; }

    internal IServiceProvider Services => App.Services;

    internal static async Task<TestGrid> StartAsync(
        TestDatabase database, Action<WebApplicationBuilder>? configure = null, params (string Name, string Value)[] settings)
    {
        var grid = await StartUnreadyAsync(database, configure, settings);
        await ReadyAsync(grid.Services);
        return grid;
    }

    /// <summary>As <see cref="StartAsync"/>, and does not wait until it is ready: a standby never is.</summary>
    internal static async Task<TestGrid> StartUnreadyAsync(
        TestDatabase database, Action<WebApplicationBuilder>? configure = null, params (string Name, string Value)[] settings)
    {
        var overrides = settings.ToDictionary(s => s.Name, s => (string?)s.Value);
        overrides.TryAdd("SILO_PORT", $"{Ports.Free()}");
        overrides.TryAdd("SILO_GATEWAY_PORT", $"{Ports.Free()}");
        overrides.TryAdd("LOG_LEVEL", "warn");
        overrides.TryAdd("GATE_DNS", "false");
        overrides.TryAdd("SECRET_KEYS", $"test:{Convert.ToBase64String(new byte[32])}");
        var connection = GridDatabase.Tune(new NpgsqlConnectionStringBuilder(database.ConnectionString)).ConnectionString;
        using var turn = await FirstAloneAsync();
        var app = Grid.Build(
            new GridSettings(connection, Key, Port: 0, LoopbackOnly: true) { Overrides = overrides },
            builder =>
            {
                builder.Logging.ClearProviders();
                configure?.Invoke(builder);
            });
        await app.StartAsync();
        s_started = true;
        return new TestGrid(app);
    }

    // A RangeAttribute sets itself up when it is first used, and fails where two threads do that at once (dotnet/runtime issue 1143).
    private static async Task<IDisposable?> FirstAloneAsync()
    {
        if (s_started)
        {
            return null;
        }

        await s_first.WaitAsync();
        return new Turn();
    }

    private sealed class Turn : IDisposable
    {
        public void Dispose() => s_first.Release();
    }

    internal HttpClient NewClient(string app, string org)
    {
        var client = new HttpClient { BaseAddress = new Uri(App.Urls.Single()) };
        client.DefaultRequestHeaders.Add("X-API-Key", Key);
        client.DefaultRequestHeaders.Add("X-App-Id", app);
        client.DefaultRequestHeaders.Add("X-Org-Id", org);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await App.StopAsync();
        await App.DisposeAsync();
    }

    private static async Task ReadyAsync(IServiceProvider services)
    {
        using var deadline = new CancellationTokenSource(Eventually.Patience);
        foreach (var check in services.GetServices<IReadinessCheck>())
        {
            await Eventually.Async($"{check.GetType().Name} is ready", () => IsReadyAsync(check, deadline.Token));
        }
    }

    private static async Task<bool> IsReadyAsync(IReadinessCheck check, CancellationToken deadline)
    {
        try
        {
            return (await check.CheckAsync(deadline)).Ready;
        }
        catch (Exception) when (!deadline.IsCancellationRequested)
        {
            return false;
        }
    }
}

/// <summary>The API in one line each; every one asserts success.</summary>
internal static class ApiCalls
{
    internal static async Task<JsonNode> PostAsync(this HttpClient client, string path, object body)
    {
        using var response = await client.PostAsJsonAsync(path, body);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }

    internal static async Task<JsonNode> ReadAsync(this HttpClient client, string path)
    {
        using var response = await client.GetAsync(new Uri(path, UriKind.Relative));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }

    /// <summary>Pushes bare emails.</summary>
    internal static async Task<(int Buffered, int Skipped)> PushAsync(this HttpClient client, string name, params string[] emails)
    {
        var answer = await client.PostAsync("/buffer/push", new { @namespace = name, leads = emails.Select(email => new { email }) });
        return ((int)answer["buffered"]!, (int)answer["skippedAlreadyServed"]!);
    }

    /// <summary>Pulls; the email, or null where the buffer is empty.</summary>
    internal static async Task<string?> NextAsync(this HttpClient client, string name)
    {
        var answer = await client.PostAsync("/buffer/next", new { @namespace = name });
        return (bool)answer["found"]! ? (string)answer["lead"]!["email"]! : null;
    }

    /// <summary>Pulls until the buffer is empty.</summary>
    internal static async Task<List<string>> DrainAsync(this HttpClient client, string name)
    {
        var emails = new List<string>();
        while (await client.NextAsync(name) is { } email)
        {
            emails.Add(email);
        }

        return emails;
    }

    /// <summary>
    /// Waits until a namespace has committed what it decided before: that leads were skipped on the way to an answer is
    /// committed behind that answer.
    /// </summary>
    internal static async Task SettleAsync(this HttpClient client, string name)
        => Assert.Equal(1, (int)(await client.PostAsync("/buffer/nack", new { @namespace = name, leaseIds = new[] { Guid.NewGuid() } }))["notHeld"]!);

    /// <summary>Waiting, served, skipped.</summary>
    internal static async Task<(int Waiting, int Served, int Skipped)> CountsAsync(this HttpClient client, string name)
    {
        await client.SettleAsync(name);
        var status = await client.ReadAsync($"/namespaces/{Uri.EscapeDataString(name)}");
        return ((int)status["waiting"]!, (int)status["served"]!, (int)status["skipped"]!);
    }
}
