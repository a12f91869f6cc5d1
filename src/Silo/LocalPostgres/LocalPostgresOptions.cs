namespace LeadGrain.Silo;

/// <summary>Where the private PostgreSQL keeps its data and how it runs.</summary>
/// <param name="Root">The host's folder (<c>.data</c>); the cluster is <c>postgres</c> in it. Made when missing.</param>
internal sealed record LocalPostgresOptions(string Root)
{
    /// <summary>False only for tests of other things: little is cached, nothing is flushed. It survives killed processes, no power cut.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>How long a start may take. It includes crash recovery, which replays up to <c>max_wal_size</c>.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a fast shutdown may take before an immediate one, which is just as safe, replaces it.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Folders that may hold the server's binaries, best first.</summary>
    public IEnumerable<string> BinaryDirectories { get; init; } = PostgresBinaries.UsualDirectories();

    /// <summary>Folders for the cluster when the server's account cannot reach <see cref="Root"/>. Only used by root.</summary>
    public IReadOnlyList<string> OtherHomes { get; init; } = ["/var/lib/leadgrain", "/var/tmp/leadgrain"];

    /// <summary>
    /// Where a short socket folder goes when the cluster's own path is too long for one. Null: no folder, a loopback port.
    /// </summary>
    public string? SocketParent { get; init; } = Path.GetTempPath();
}
