using LeadGrain.Gateway;
using LeadGrain.Gateway.Connections;
using LeadGrain.Gateway.Errors;
using LeadGrain.Gateway.FrontPage;
using LeadGrain.Gateway.Health;
using LeadGrain.Gateway.Metrics;
using LeadGrain.Gateway.Runs;
using LeadGrain.Gateway.Security;

namespace LeadGrain.Silo;

/// <summary>Puts the parts of a process together: host, grains, gateway.</summary>
internal static class Grid
{
    // 32 MB for a push, and room for what surrounds it; the gateway's own limits are below.
    private const long LargestBody = 33 * 1024 * 1024;

    // Settings are read once. Watching their files would watch the whole folder, and with it every write of a PostgreSQL below it.
    private const string NoReload = "--hostBuilder:reloadConfigOnChange=false";

    /// <summary>Builds the web application, ready to start.</summary>
    /// <param name="settings">What differs between processes.</param>
    /// <param name="configure">A last word, for tests.</param>
    internal static WebApplication Build(GridSettings settings, Action<WebApplicationBuilder>? configure = null)
    {
        TimeSetting.Use();
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = [NoReload] });
        SetVariables.Use(builder.Configuration);
        builder.Configuration.AddInMemoryCollection(settings.Overrides);
        builder.AddTelemetry();
        builder.WebHost.UseKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = LargestBody;
            kestrel.TakeWhatArrived();
            if (settings.LoopbackOnly)
            {
                kestrel.Listen(System.Net.IPAddress.Loopback, settings.Port);
            }
            else
            {
                kestrel.ListenAnyIP(settings.Port);
            }
        });
        builder.AddGrainHost(settings.ConnectionString);
        builder.Services.AddRunReporter(builder.Configuration).AddErrorReporter(builder.Configuration).AddPrometheus();
        builder.Services.AddGateway(builder.Configuration);
        builder.Services.Configure<SecurityOptions>(o => o.ApiKeyHash = SecurityOptions.Hash(settings.ApiKey));
        builder.Services.AddSingleton(_ => new HealthConnections(settings.ConnectionString));
        builder.Services.AddSingleton<IReadinessCheck, DatabaseCheck>().AddSingleton<IReadinessCheck, MigrationsCheck>();
        builder.Services.AddSingleton<ReadyLine>();
        configure?.Invoke(builder);
        var app = builder.Build();
        app.MapGateway();
        app.MapFrontPage();
        app.MapMetrics();
        return app;
    }
}

/// <summary>What differs between processes.</summary>
/// <param name="ConnectionString">The migrated database.</param>
/// <param name="ApiKey">The key that callers present.</param>
/// <param name="Port">0 for any free one.</param>
/// <param name="LoopbackOnly">Whether to listen on loopback only.</param>
internal sealed record GridSettings(string ConnectionString, string ApiKey, int Port, bool LoopbackOnly)
{
    /// <summary>Configuration that wins over the environment.</summary>
    internal Dictionary<string, string?> Overrides { get; init; } = [];
}
