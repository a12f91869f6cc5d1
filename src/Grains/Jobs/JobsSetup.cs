using LeadGrain.Grains.Ingestion;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Grains.Jobs;

/// <summary>Adds background jobs and their kinds.</summary>
internal static class JobsSetup
{
    internal static IServiceCollection AddJobs(this IServiceCollection services) => services
        .AddSingleton<JobStore>()
        .AddSingleton<ReplayStore>()
        .AddSingleton<IJobKind, ReplayJob>()
        .AddHostedService<JobRunner>();
}
