using System.Collections.Concurrent;
using LeadGrain.Embedded.Hosting;
using Npgsql;

namespace LeadGrain.Embedded.Ownership;

/// <summary>
/// The term under which this process owns the database, if it does. It fences the store's connections: one opened under
/// an earlier term was cut at the takeover, and one opened since is refused when it finds a newer term in the database.
/// So a process that lost the database, even one that does not know it yet, can write nothing.
/// </summary>
internal sealed class OwnerTerm
{
    /// <summary>Marks the store's connections, so that the next owner can find and cut them.</summary>
    internal const string StoreApplicationName = "leadgrain-store";

    private const string ReadTerm = "select term from embedded_owner";

    private readonly ConcurrentBag<NpgsqlDataSource> _sources = [];
    private long _current;

    /// <summary>The term; null while this process is not the owner.</summary>
    internal long? Current
    {
        get => Interlocked.Read(ref _current) is var term and not 0 ? term : null;
        set => Interlocked.Exchange(ref _current, value ?? 0);
    }

    /// <summary>Builds a data source of which every new connection must prove the term first.</summary>
    /// <param name="options">Of the host.</param>
    /// <param name="name">In metrics, where the default is the connection string.</param>
    /// <param name="connections">How many there may be; null for what the connection string says.</param>
    /// <param name="prepare">What is done with each once it has proved the term.</param>
    internal NpgsqlDataSource BuildSource(
        EmbeddedHostOptions options, string name, int? connections = null, Func<NpgsqlConnection, Task>? prepare = null)
    {
        var builder = new NpgsqlDataSourceBuilder(options.ConnectionString) { Name = name };
        var settings = builder.ConnectionStringBuilder;
        settings.ApplicationName = StoreApplicationName;
        if (connections is { } most)
        {
            (settings.MinPoolSize, settings.MaxPoolSize) = (0, most);
        }

        LatestHost.Initialize(builder, prepare is null ? ProveAsync : async connection =>
        {
            await ProveAsync(connection).ConfigureAwait(false);
            await prepare(connection).ConfigureAwait(false);
        });
        var source = options.BuildSource(builder);
        _sources.Add(source);
        return source;
    }

    /// <summary>Lets go of the idle connections of an earlier term: they are cut.</summary>
    internal void ClearSources()
    {
        foreach (var source in _sources)
        {
            source.Clear();
        }
    }

    private async Task ProveAsync(NpgsqlConnection connection)
    {
        var mine = Current ?? throw new FencedException("This process does not own the database now.");
        await using var command = new NpgsqlCommand(ReadTerm, connection);
        var found = await command.ExecuteScalarAsync().ConfigureAwait(false) as long?;
        if (found == mine)
        {
            return;
        }

        if (found < mine)
        {
            // A former primary that has come back as it was.
            await LatestHost.PassOverAsync(connection).ConfigureAwait(false);
        }

        throw new FencedException($"Another process has owned the database since term {mine}.");
    }
}
