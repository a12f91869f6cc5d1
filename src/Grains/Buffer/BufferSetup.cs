using LeadGrain.Grains.Leases;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Grains.Buffer;

/// <summary>Adds the buffer.</summary>
internal static class BufferSetup
{
    internal static IServiceCollection AddBuffer(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<BufferOptions>()
            .Bind(configuration.GetSection("Buffer"))
            .Configure(options =>
            {
                options.MaxAttempts = configuration.GetValue("LEASE_MAX_ATTEMPTS", options.MaxAttempts);
                options.ServedSetBytes = configuration.GetValue("SERVED_SET_BYTES", options.ServedSetBytes);
            })
            .ValidateDataAnnotations()
            .ValidateOnStart();
        return services
            .AddSingleton<BufferStore>()
            .AddSingleton<BufferCommits>()
            .AddSingleton<UnansweredPulls>()
            .AddHostedService<TakeBackDuty>()
            .AddSingleton<RisingIds>()
            .AddSingleton<ServedSetBudget>()
            .AddSingleton<WaitingBudget>()
            .AddTransient<WaitingShare>()
            .AddSingleton<BufferMetrics>()
            .AddSingleton<DeadLeadStore>()
            .AddSingleton<LeaseMetrics>();
    }
}
