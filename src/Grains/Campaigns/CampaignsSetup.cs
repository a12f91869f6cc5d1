using LeadGrain.GrainInterfaces.Outbound;
using LeadGrain.Grains.Outbound;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Grains.Campaigns;

/// <summary>Adds the pushing of leads to campaigns.</summary>
internal static class CampaignsSetup
{
    /// <summary>Adds it, set up from the section Campaigns, SMARTLEAD_SERVICE_URL, SMARTLEAD_API_KEY and ALLOW_INSECURE_OUTBOUND.</summary>
    internal static IServiceCollection AddCampaigns(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<CampaignOptions>()
            .Bind(configuration.GetSection(CampaignOptions.Section))
            .Configure(options =>
            {
                options.AllowInsecureOutbound |= OutboundAddress.Allows(configuration[OutboundAddress.AllowSetting]);
                options.SmartleadKey = configuration["SMARTLEAD_API_KEY"] is { Length: > 0 } key ? key.Trim() : options.SmartleadKey;
                if (configuration["SMARTLEAD_SERVICE_URL"] is { } url && !string.IsNullOrWhiteSpace(url))
                {
                    // What cannot be read as an absolute address is kept, for validation to object to.
                    options.SmartleadUrl = new Uri(url.Trim(), UriKind.RelativeOrAbsolute);
                }
            })
            .ValidateDataAnnotations()
            .ValidateOnStart();
        return services
            .AddOutboundClient(CampaignHttp.Client)
            .AddSingleton<CampaignHttp>()
            .AddSingleton<CampaignSecrets>()
            .AddSingleton<CampaignRandom>()
            .AddSingleton<CampaignMetrics>()
            .AddSingleton<CampaignStore>()
            .AddSingleton<PushStore>()
            .AddSingleton<RateBudget>()
            .AddSingleton<ICampaignTarget, SmartleadTarget>()
            .AddSingleton<ICampaignTarget, WebhookTarget>()
            .AddSingleton<ICampaignTarget, NamespaceTarget>()
            .AddSingleton<FeedbackStore>()
            .AddSingleton<Feedback>()
            .AddHostedService<CampaignSweepStart>();
    }
}
