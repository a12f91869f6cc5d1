using System.ComponentModel.DataAnnotations;
using System.Reflection;
using Npgsql;

namespace LeadGrain.Embedded.Hosting;

/// <summary>Settings of the embedded host.</summary>
public sealed class EmbeddedHostOptions : IValidatableObject
{
    /// <summary>Where the grain classes are.</summary>
    public IList<Assembly> GrainAssemblies { get; } = [];

    /// <summary>The database that this process owns or waits for.</summary>
    [Required]
    public string ConnectionString { get; set; } = "";

    /// <summary>Makes data sources; where the connection string names several hosts, ones that find the host which can be written to.</summary>
    public Func<NpgsqlDataSourceBuilder, NpgsqlDataSource> BuildSource { get; set; } = static builder => builder.Build();

    /// <summary>An activation that nothing used for this long is put away.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00")]
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15); // Orleans's own default

    /// <summary>
    /// Finds the server to own: of several hosts the one that was promoted last, so that a former primary is not owned again.
    /// Its timeline rises whenever a standby is promoted; 0 where there is only one host. Asked at each take of the ownership,
    /// and by the owner every five heartbeats.
    /// </summary>
    public Func<string, CancellationToken, Task<(string ConnectionString, long Timeline)>> FindHost { get; set; } =
        static (connectionString, _) => Task.FromResult((connectionString, 0L));

    /// <summary>How often the owner shows the database that it lives.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>After this long without a heartbeat the database ends the owner's lock, and an owner without an answer gives up.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan OwnerTimeout { get; set; } = TimeSpan.FromSeconds(10); // five heartbeats

    /// <summary>The shortest period of a reminder; what ticks more often is a timer.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "1.00:00:00")]
    public TimeSpan MinimumReminderPeriod { get; set; } = TimeSpan.FromMinutes(1); // Orleans's own default

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (OwnerTimeout < 3 * Heartbeat)
        {
            yield return new ValidationResult("EmbeddedHost:OwnerTimeout must be at least three times EmbeddedHost:Heartbeat, or a single late heartbeat costs the ownership.", [nameof(OwnerTimeout), nameof(Heartbeat)]);
        }
    }
}
