using System.Runtime.CompilerServices;
using System.Text.Json;
using LeadGrain.Embedded.Runtime;

namespace LeadGrain.Embedded.States;

/// <summary>One state of one activation. Its members are called in the activation's turns, and resume in them.</summary>
internal sealed class PersistentState<TState>(Activation owner, GrainStateStore store, string name) : IPersistentState<TState>
{
    /// <inheritdoc/>
    public TState State { get; set; } = Empty();

    /// <inheritdoc/>
    public string? Etag { get; private set; }

    /// <inheritdoc/>
    public bool RecordExists => Etag is not null;

    /// <inheritdoc/>
    public Task ReadStateAsync() => ReadStateAsync(CancellationToken.None);

    /// <inheritdoc/>
    public Task WriteStateAsync() => WriteStateAsync(CancellationToken.None);

    /// <inheritdoc/>
    public Task ClearStateAsync() => ClearStateAsync(CancellationToken.None);

    /// <inheritdoc/>
    public async Task ReadStateAsync(CancellationToken cancellationToken)
    {
        var found = await store.FindAsync(owner, name, cancellationToken);
        (Etag, State) = found is var (etag, json)
            ? (etag, JsonSerializer.Deserialize<TState>(json)!)
            : (null, Empty());
    }

    /// <inheritdoc/>
    public async Task WriteStateAsync(CancellationToken cancellationToken)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(State);
        Etag = await store.WriteAsync(owner, name, Etag, json, cancellationToken) ?? throw Inconsistent();
    }

    /// <inheritdoc/>
    public async Task ClearStateAsync(CancellationToken cancellationToken)
    {
        if (Etag is not null && !await store.DeleteAsync(owner, name, Etag, cancellationToken))
        {
            throw Inconsistent();
        }

        (Etag, State) = (null, Empty());
    }

    // As Orleans does: a type without a parameterless constructor starts with all of its members unset.
    private static TState Empty()
        => typeof(TState).IsValueType || typeof(TState).GetConstructor(Type.EmptyTypes) is not null
            ? Activator.CreateInstance<TState>()
            : typeof(TState) == typeof(string) || typeof(TState).IsArray || typeof(TState).IsAbstract
                ? default!
                : (TState)RuntimeHelpers.GetUninitializedObject(typeof(TState));

    private InconsistentStateException Inconsistent()
        => new($"The state {name} was changed by another writer.", storedEtag: null, Etag) { Owner = owner };
}
