namespace LeadGrain.Embedded;

/// <summary>A stored state.</summary>
public interface IStorage
{
    /// <summary>The version that was last read or written; null where there is none.</summary>
    string? Etag { get; }

    /// <summary>Whether the state is stored.</summary>
    bool RecordExists { get; }

    /// <summary>Deletes the state.</summary>
    /// <exception cref="InconsistentStateException">It was written meanwhile.</exception>
    Task ClearStateAsync();

    /// <summary>Stores the state.</summary>
    /// <exception cref="InconsistentStateException">It was written or deleted meanwhile.</exception>
    Task WriteStateAsync();

    /// <summary>Reads the state anew.</summary>
    Task ReadStateAsync();

    /// <inheritdoc cref="ClearStateAsync()"/>
    Task ClearStateAsync(CancellationToken cancellationToken) => ClearStateAsync();

    /// <inheritdoc cref="WriteStateAsync()"/>
    Task WriteStateAsync(CancellationToken cancellationToken) => WriteStateAsync();

    /// <inheritdoc cref="ReadStateAsync()"/>
    Task ReadStateAsync(CancellationToken cancellationToken) => ReadStateAsync();
}

/// <summary>A stored <typeparamref name="TState"/>.</summary>
public interface IStorage<TState> : IStorage
{
    /// <summary>The copy in memory.</summary>
    TState State { get; set; }
}

/// <summary>A state of a grain, read before it activates: a constructor parameter with <see cref="PersistentStateAttribute"/>.</summary>
public interface IPersistentState<TState> : IStorage<TState>;

/// <summary>Asks for a stored state.</summary>
/// <param name="stateName">Its name, unique within the grain.</param>
/// <param name="storageName">Ignored: there is one storage, the database.</param>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class PersistentStateAttribute(string stateName, string? storageName = null) : Attribute
{
    /// <summary>Its name, unique within the grain.</summary>
    public string StateName { get; } = stateName;

    /// <summary>Ignored: there is one storage, the database.</summary>
    public string? StorageName { get; } = storageName;
}
