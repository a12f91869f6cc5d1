using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Grains.Buffer;

/// <summary>Adds the buffer.</summary>
internal static class BufferSetup
{
    internal static IServiceCollection AddBuffer(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<BufferOptions>().Bind(configuration.GetSection("Buffer")).ValidateDataAnnotations().ValidateOnStart();
        return services
            .AddSingleton<BufferStore>()
            .AddSingleton<BufferCommits>()
            .AddSingleton<UnansweredPulls>()
            .AddSingleton<ServedLeadIds>()
            .AddSingleton<BufferMetrics>();
    }
}
