using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using LeadGrain.Gateway.Access;
using LeadGrain.Gateway.Audit;
using LeadGrain.Gateway.Buffer;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Campaigns;
using LeadGrain.Gateway.Crm;
using LeadGrain.Gateway.Cursors;
using LeadGrain.Gateway.Enrichment;
using LeadGrain.Gateway.Errors;
using LeadGrain.Gateway.Gate;
using LeadGrain.Gateway.Health;
using LeadGrain.Gateway.Ingestion;
using LeadGrain.Gateway.Jobs;
using LeadGrain.Gateway.Leads;
using LeadGrain.Gateway.Leases;
using LeadGrain.Gateway.Namespaces;
using LeadGrain.Gateway.OpenApi;
using LeadGrain.Gateway.Organizations;
using LeadGrain.Gateway.Overload;
using LeadGrain.Gateway.Paging;
using LeadGrain.Gateway.Pipeline;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Routing;
using LeadGrain.Gateway.Runs;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Ingestion;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using IPNetwork = System.Net.IPNetwork;

namespace LeadGrain.Gateway;

/// <summary>Puts the HTTP surface into a host.</summary>
public static class GatewaySetup
{
    /// <summary>
    /// Registers the gateway. The host registers an <c>IGrainFactory</c> and an <see cref="IPostKeeper"/>, configures
    /// <see cref="SecurityOptions"/>, and may register any number of <see cref="IReadinessCheck"/>, an
    /// <see cref="IErrorReporter"/> and an <see cref="IRunReporter"/>.
    /// </summary>
    public static IServiceCollection AddGateway(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<GatewayOptions>().Configure(options => Read(options, configuration)).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<SecurityOptions>()
            .Validate(options => options.ApiKeyHash.Length == SHA256.HashSizeInBytes, "The API key's hash must be set.")
            .ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IErrorReporter, NoErrorReporter>();
        services.TryAddSingleton<IRunReporter, NoRunReporter>();
        services.AddSingleton<GridKey>();
        services.AddSingleton<OrganizationKeys>();
        services.AddSingleton<TenantGate>();
        services.AddSingleton<OverloadMetrics>();
        services.AddSingleton<HeldRefusals>();
        services.AddSingleton<LargeBodies>();
        services.AddSingleton<InFlightLimit>();
        services.AddSingleton<OrganizationShares>();
        services.AddSingleton<UnprovenDeliveries>();
        services.AddSingleton<GrainCalls>();
        services.AddSingleton<LongPoll>();
        services.AddSingleton<PageTokens>();
        services.AddSingleton<RunScopes>();
        services.AddSingleton<ReadinessProbe>();
        services.AddIngestionRoutes(configuration);
        services.AddRouting();
        AddDocument(services);
        return services;
    }

    /// <summary>Adds the request boundary (ids, problems) to the pipeline, and every route.</summary>
    public static WebApplication MapGateway(this WebApplication app)
    {
        UseTrustedProxies(app);
        app.UseMiddleware<RequestBoundary>();
        app.UseRouting(); // behind the boundary, which may change the method
        app.MapHealth();
        new DocumentCache().Guard(app.MapOpenApi("/openapi/v1.json"));
        var gated = app.MapGatedGroup();
        gated.MapBuffer();
        gated.MapLeases();
        gated.MapDeadLeads();
        gated.MapEnrichment();
        gated.MapLeads();
        gated.MapCursors();
        gated.MapNamespaces();
        gated.MapRaw();
        gated.MapJobs();
        gated.MapCrm();
        app.MapOpenIngestion();
        gated.MapCampaigns();
        gated.MapSmartleadSettings();
        gated.MapRules();
        gated.MapRoutedLeads();
        gated.MapHoldingPool();
        gated.MapGate();
        gated.MapSuppressions();
        gated.MapSecrets();
        gated.MapAudit();
        app.MapGatedGroup(errors: PlainErrors.Shape).MapIngest();
        app.MapOpenGroup(PlainErrors.Shape).MapClay();
        app.MapOpenGroup(isLimited: false).MapFeedback();
        var managing = app.MapGatedGroup(areLimits: true);
        managing.MapLimits();
        managing.MapKeys();
        return app;
    }

    /// <summary>A group whose routes need the key and the organization's headers, and count against the limits.</summary>
    internal static RouteGroupBuilder MapGatedGroup(this IEndpointRouteBuilder routes, bool areLimits = false, ErrorShape? errors = null)
    {
        var group = routes.MapGroup(string.Empty).FailsLikeAnyGatedRoute(errors);
        new SharedServices(routes.ServiceProvider).Serve(group);

        // Each guard wraps those before it: shedding comes first.
        routes.ServiceProvider.GetRequiredService<OrganizationShares>().Guard(group, areLimits);
        routes.ServiceProvider.GetRequiredService<TenantGate>().Guard(group);
        routes.ServiceProvider.GetRequiredService<InFlightLimit>().Guard(group);
        return group;
    }

    /// <summary>
    /// A group whose routes find out themselves for whom they act. They count against the process's limit; once they know, they enter
    /// that organization's share, and until then they are in that of <see cref="UnprovenDeliveries"/>.
    /// </summary>
    internal static RouteGroupBuilder MapOpenGroup(this IEndpointRouteBuilder routes, ErrorShape? errors = null, bool isLimited = true)
    {
        var group = routes.MapGroup(string.Empty).FailsLikeAnyGatedRoute(errors, isLimited);
        if (isLimited)
        {
            group.WithMetadata(RateLimited.Instance);
        }

        new SharedServices(routes.ServiceProvider).Serve(group);
        routes.ServiceProvider.GetRequiredService<UnprovenDeliveries>().Guard(group);
        routes.ServiceProvider.GetRequiredService<InFlightLimit>().Guard(group);
        return group;
    }

    private static void Read(GatewayOptions options, IConfiguration configuration)
    {
        options.MaxInFlight = configuration.GetValue("MAX_IN_FLIGHT", options.MaxInFlight);
        options.MaxWaiting = configuration.GetValue("MAX_WAITING", options.MaxWaiting);
        options.GrainCallTimeout = configuration.GetValue("GRAIN_CALL_TIMEOUT", options.GrainCallTimeout);
        options.OrganizationMaxInFlight = configuration.GetValue("ORGANIZATION_MAX_IN_FLIGHT", options.OrganizationMaxInFlight);
        options.OrganizationRequestsPerSecond =
            configuration.GetValue("ORGANIZATION_REQUESTS_PER_SECOND", options.OrganizationRequestsPerSecond);
        options.OrganizationBurst = configuration.GetValue("ORGANIZATION_BURST", options.OrganizationBurst);
        options.KeyCacheFor = configuration.GetValue("KEY_CACHE", options.KeyCacheFor);
        options.IngestPushWait = configuration.GetValue("INGEST_PUSH_WAIT", options.IngestPushWait);
        options.ClayApp = configuration.GetValue("CLAY_APP", options.ClayApp)!;
        options.MaxUnproven = configuration.GetValue("MAX_UNPROVEN", options.MaxUnproven);
        options.MaxBodyMemory = configuration.GetValue("MAX_BODY_MEMORY", options.MaxBodyMemory);
        options.RefusalDelay = configuration.GetValue("REFUSAL_DELAY", options.RefusalDelay);
        options.TrustedProxies = [.. (configuration["TRUSTED_PROXIES"] ?? string.Empty)
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Network)];
        options.LargeBodiesAtOnce = configuration.GetValue("LARGE_BODIES_AT_ONCE", options.LargeBodiesAtOnce);
    }

    private static IPNetwork Network(string text)
        => IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)
            : IPNetwork.TryParse(text, out var network) ? network
            : throw new OptionsValidationException(
                "TRUSTED_PROXIES", typeof(GatewayOptions), [$"TRUSTED_PROXIES must be addresses or networks, with commas; {text} is none."]);

    // Of the addresses that the header names, the last one that is no proxy of ours.
    private static void UseTrustedProxies(WebApplication app)
    {
        if (app.Services.GetRequiredService<IOptions<GatewayOptions>>().Value.TrustedProxies is [_, ..] proxies)
        {
            var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor, ForwardLimit = null };
            options.KnownProxies.Clear();
            options.KnownIPNetworks.Clear();
            foreach (var proxy in proxies)
            {
                options.KnownIPNetworks.Add(proxy);
            }

            app.UseForwardedHeaders(options);
        }
    }

    private static void AddDocument(IServiceCollection services)
    {
        // Numbers are numbers on this wire, and described as such.
        services.ConfigureHttpJsonOptions(options => options.SerializerOptions.NumberHandling = JsonNumberHandling.Strict);
        services.AddOpenApi("v1", options =>
        {
            options.AddDocumentTransformer<DocumentShape>();
            options.AddOperationTransformer<OperationShape>();
        });
    }
}
