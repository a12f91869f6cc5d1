using System.Diagnostics;
using LeadGrain.Gateway.Metrics;
using LeadGrain.Gateway.Outbound;
using LeadGrain.GrainInterfaces.Outbound;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace LeadGrain.Silo;

/// <summary>Logs, and the export of metrics and traces by OTLP.</summary>
public static class Telemetry
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private static readonly string[] s_endpointSettings =
        [Endpoint, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

    /// <summary>The activity sources that are traced; a star stands for any end.</summary>
    internal static readonly string[] Sources = ["LeadGrain", "LeadGrain.*", "Microsoft.AspNetCore", "System.Net.Http", "Npgsql"];

    /// <summary>
    /// Sets logging up (JSON lines in production, level by <c>LOG_LEVEL</c>) and, where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is
    /// set, the export of metrics and traces. Call it first, so that the export is the last thing to stop.
    /// </summary>
    /// <exception cref="SettingException">A setting has a value that cannot be used.</exception>
    public static WebApplicationBuilder AddTelemetry(this WebApplicationBuilder builder)
    {
        AddLogging(builder, Console.IsOutputRedirected);
        var config = builder.Configuration;
        if (string.IsNullOrWhiteSpace(config[Endpoint]))
        {
            return builder;
        }

        var allow = string.Equals(config[OutboundAddress.AllowSetting], "true", StringComparison.OrdinalIgnoreCase);
        foreach (var setting in s_endpointSettings)
        {
            if (config[setting] is { Length: > 0 } url && OutboundAddress.Refusal(setting, url, allow) is { } refusal)
            {
                throw new SettingException(refusal);
            }
        }
        // Off in .NET 10 unless asked for: the server's spans would have no attributes at all.
        AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);
        builder.Services.AddHostedService<OtlpExport>();
        builder.Services.AddTransient<IStartupFilter, ServerSpans>();
        return builder;
    }

    internal static void AddLogging(WebApplicationBuilder builder, bool redirected)
    {
        var level = Level(builder.Configuration["LOG_LEVEL"]);
        builder.Logging.ClearProviders();
        builder.Logging.SetMinimumLevel(level);
        // These write the whole URL of each request at Information, and with it the emails of its query.
        builder.Logging.AddFilter("System.Net.Http.HttpClient", level > LogLevel.Warning ? level : LogLevel.Warning);
        // At Debug it quotes each request's path, and who is looked for in vain may be named there.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Routing.Matching", level > LogLevel.Warning ? level : LogLevel.Warning);
        // It has nothing else to say, and while it may speak each request makes an Activity and a scope for it, traced or not.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        // Program says in one line why a start failed; what makes the host stop later on is critical.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        // The ready line says where the process listens.
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", level is LogLevel.Information ? LogLevel.Warning : level);
        builder.Logging.AddFilter("Microsoft.AspNetCore", level is LogLevel.Information ? LogLevel.Warning : level);
        builder.Logging.AddLines(builder.Environment.IsProduction() && redirected);
    }

    /// <summary>Whether lines are for machines, where there is no builder to ask: a file or a pipe of a process that is not being developed.</summary>
    internal static bool IsForMachines => Console.IsOutputRedirected
        && (Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT") ?? Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT")) is (null or "" or "Production");

    /// <summary>Writes the log to the console, as JSON or for people.</summary>
    internal static ILoggingBuilder AddLines(this ILoggingBuilder logging, bool asJson)
    {
        if (asJson)
        {
            logging.AddJsonConsole(json =>
            {
                json.IncludeScopes = true;
                json.UseUtcTimestamp = true;
                json.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
            });
        }
        else
        {
            logging.AddSimpleConsole(line =>
            {
                line.IncludeScopes = true;
                line.SingleLine = true;
                line.UseUtcTimestamp = true;
                line.TimestampFormat = "HH:mm:ss.fff ";
            });
        }

        return logging;
    }

    internal static LogLevel Level(string? setting) => setting?.Trim().ToLowerInvariant() switch
    {
        null or "" or "info" => LogLevel.Information,
        "trace" => LogLevel.Trace,
        "debug" => LogLevel.Debug,
        "warn" => LogLevel.Warning,
        "error" => LogLevel.Error,
        "fatal" => LogLevel.Critical,
        _ => throw new SettingException("LOG_LEVEL must be one of trace, debug, info, warn, error and fatal."),
    };
}

/// <summary>OpenTelemetry's two providers for the time that the host runs; its hosting package is not needed for that.</summary>
internal sealed partial class OtlpExport(IConfiguration config, ILogger<OtlpExport> log) : IHostedService, IDisposable
{
    private static readonly TimeSpan s_flushTime = TimeSpan.FromSeconds(5);

    private ActivityListener? _exceptions;
    private MeterProvider? _metrics;
    private TracerProvider? _traces;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _exceptions = SpanRedaction.Exceptions(Telemetry.Sources);
        ActivitySource.AddActivityListener(_exceptions);
        _traces = Sdk.CreateTracerProviderBuilder()
            .ConfigureServices(services => services.AddSingleton(config))
            .ConfigureResource(Resource)
            .AddSource(Telemetry.Sources)
            .AddProcessor(new SpanRedaction())
            .AddOtlpExporter()
            .Build();
        _metrics = Sdk.CreateMeterProviderBuilder()
            .ConfigureServices(services => services.AddSingleton(config))
            .ConfigureResource(Resource)
            .AddMeter([.. MetricsSetup.MeterNames.SelectMany(name => (string[])[name, name + ".*"])])
            .AddOtlpExporter()
            .Build();
        LogStarted();
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        // A shutdown flushes and blocks, and a collector that does not answer must not hold the stop.
        var wait = (int)s_flushTime.TotalMilliseconds;
        var flushed = Task.WhenAll(
            Task.Run(() => _traces?.Shutdown(wait) ?? true, CancellationToken.None),
            Task.Run(() => _metrics?.Shutdown(wait) ?? true, CancellationToken.None));
        try
        {
            if ((await flushed.WaitAsync(cancellationToken)).Contains(false))
            {
                LogNotFlushed();
            }
        }
        catch (OperationCanceledException)
        {
            LogNotFlushed();
        }
    }

    public void Dispose()
    {
        _traces?.Dispose();
        _metrics?.Dispose();
        _exceptions?.Dispose();
    }

    private void Resource(ResourceBuilder resource) => resource.AddService(
        config["OTEL_SERVICE_NAME"] is { Length: > 0 } name ? name : "leadgrain",
        serviceVersion: typeof(Telemetry).Assembly.GetName().Version?.ToString(3));

    [LoggerMessage(Level = LogLevel.Information, Message = "Metrics and traces are exported by OTLP")]
    private partial void LogStarted();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The last metrics and traces did not reach the collector in time")]
    private partial void LogNotFlushed();
}
