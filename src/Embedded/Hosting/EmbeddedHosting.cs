using LeadGrain.Embedded.Ownership;
using LeadGrain.Embedded.Reminders;
using LeadGrain.Embedded.Runtime;
using LeadGrain.Embedded.States;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;

namespace LeadGrain.Embedded.Hosting;

/// <summary>Adds the embedded host to an application.</summary>
public static class EmbeddedHosting
{
    /// <summary>
    /// Adds the grain runtime, the ownership of the database and an <see cref="NpgsqlDataSource"/> whose connections only
    /// the owner can open.
    /// </summary>
    public static IServiceCollection AddEmbeddedHost(this IServiceCollection services, Action<EmbeddedHostOptions> configure)
    {
        services.AddOptions<EmbeddedHostOptions>()
            .Configure(configure)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<OwnerTerm>();
        services.AddSingleton<GrainCatalog>();
        services.AddSingleton<IGrainFactory>(s => s.GetRequiredService<GrainCatalog>());
        services.AddSingleton<GrainStateStore>();
        services.AddSingleton<ReminderStore>();
        services.AddSingleton<ReminderLoop>();
        services.AddSingleton<IOwnerDuty>(s => s.GetRequiredService<ReminderLoop>());
        services.AddSingleton<OwnerLoop>();
        services.AddSingleton<IHostedService>(s => s.GetRequiredService<OwnerLoop>());
        services.AddSingleton(s => new EmbeddedHostStatus(s.GetRequiredService<OwnerLoop>()));
        services.AddSingleton(static s => BuildOwned(s, OwnerTerm.StoreApplicationName));
        return services;
    }

    /// <summary>
    /// Builds a data source for what any process may write at any time, its owner or not: what is only ever added, and looked after
    /// by the database alone. Of several hosts it uses the one that was promoted last, as an owner does.
    /// </summary>
    /// <param name="services">With the embedded host.</param>
    /// <param name="name">Of its connections.</param>
    public static NpgsqlDataSource BuildUnowned(IServiceProvider services, string name)
    {
        var options = services.GetRequiredService<IOptions<EmbeddedHostOptions>>().Value;
        var builder = new NpgsqlDataSourceBuilder(options.ConnectionString) { Name = name };
        LatestHost.Demand(builder, options);
        builder.ConnectionStringBuilder.ApplicationName = name;
        return options.BuildSource(builder);
    }

    /// <summary>Builds a data source like the one that <see cref="AddEmbeddedHost"/> adds: only the owner can open its connections.</summary>
    /// <param name="services">With the embedded host.</param>
    /// <param name="name">In metrics.</param>
    /// <param name="connections">How many there may be; null for what the connection string says.</param>
    /// <param name="prepare">What is done with each new connection before it is used.</param>
    public static NpgsqlDataSource BuildOwned(
        IServiceProvider services, string name, int? connections = null, Func<NpgsqlConnection, Task>? prepare = null)
        => services.GetRequiredService<OwnerTerm>().BuildSource(
            services.GetRequiredService<IOptions<EmbeddedHostOptions>>().Value, name, connections, prepare);
}

/// <summary>Tells what the process is to its database.</summary>
public sealed class EmbeddedHostStatus
{
    private readonly OwnerLoop _owner;

    internal EmbeddedHostStatus(OwnerLoop owner) => _owner = owner;

    /// <summary>Whether this process serves.</summary>
    public bool IsOwner => _owner.State == OwnerState.Owner;

    /// <summary>Completes once this process serves.</summary>
    public Task OwnerAsync(CancellationToken cancellationToken) => _owner.OwnedAsync(cancellationToken);

    /// <summary>In a word: owner, standby or starting.</summary>
    public string Word => _owner.State switch
    {
        OwnerState.Owner => "owner",
        OwnerState.Standby => "standby",
        _ => "starting",
    };
}
