using LeadGrain.Grains.Access;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Buffer;
using LeadGrain.Grains.Campaigns;
using LeadGrain.Grains.Crm;
using LeadGrain.Grains.Cursors;
using LeadGrain.Grains.Enrichment;
using LeadGrain.Grains.Gate;
using LeadGrain.Grains.Idempotency;
using LeadGrain.Grains.Ingestion;
using LeadGrain.Grains.Jobs;
using LeadGrain.Grains.Leads;
using LeadGrain.Grains.Namespaces;
using LeadGrain.Grains.Organizations;
using LeadGrain.Grains.Routing;
using LeadGrain.Grains.Secrets;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Grains;

/// <summary>Adds what the grains need; the host brings the database.</summary>
public static class GrainsSetup
{
    /// <summary>
    /// The key of the Npgsql data source that keeps posts where no grain answers. Only a host whose own data source cannot be
    /// used at such times adds one.
    /// </summary>
    public const string KeeperSource = "LeadGrain.Keeper";

    /// <summary>
    /// The key of the Npgsql data source for what every lead passes: short statements, on few connections that are busy. A process of
    /// PostgreSQL maps the pages of its cache one by one as it meets them, which costs more than to read or write them.
    /// </summary>
    public const string HotSource = "LeadGrain.Hot";

    /// <summary>
    /// The key of the Npgsql data source for lists and exports. Whoever asks for many of them waits for others of their kind: what a push
    /// or a pull needs beside the <see cref="HotSource"/> never does.
    /// </summary>
    public const string ListSource = "LeadGrain.Lists";

    /// <summary>Adds every slice. The host must have added all three Npgsql data sources, a <see cref="StoreTurn"/> and a time provider.</summary>
    public static IServiceCollection AddGrains(this IServiceCollection services, IConfiguration configuration)
        => services
            .AddSingleton<HotSessions>()
            .AddBuffer(configuration)
            .AddIdempotency(configuration)
            .AddEnrichment(configuration)
            .AddSingleton<CursorStore>()
            .AddSingleton<LeadStore>()
            .AddSingleton<NamespaceStore>()
            .AddSingleton<LimitsStore>()
            .AddIngestion(configuration)
            .AddJobs()
            .AddSingleton<CrmStore>()
            .AddSecrets(configuration)
            .AddSingleton<OrganizationStore>()
            .AddSingleton<AuditStore>()
            .AddSingleton<AuditLogStore>()
            .AddSingleton<OrganizationKeyStore>()
            .AddGate(configuration)
            .AddRouting(configuration)
            .AddCampaigns(configuration)
            .AddHostedService<EarlyMetrics>()
            .AddHostedService<FreshTables>();

    /// <summary>Adds what keeps posts where no grain answers, for a process that carries no grains; <see cref="AddGrains"/> has it.</summary>
    public static IServiceCollection AddPostKeeper(this IServiceCollection services, IConfiguration configuration)
        => services.AddSingleton<HotSessions>().AddKeeper(configuration);
}
