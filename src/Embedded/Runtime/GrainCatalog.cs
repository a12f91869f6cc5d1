using System.Collections.Concurrent;
using System.Collections.Frozen;
using LeadGrain.Embedded.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LeadGrain.Embedded.Runtime;

/// <summary>All activations of the process, by class and key; the one way to reach them.</summary>
internal sealed class GrainCatalog : IGrainFactory, IDisposable
{
    private readonly FrozenDictionary<Type, GrainClass> _classes;
    private readonly FrozenDictionary<Type, GrainReference> _references;
    private readonly TimeSpan _collectionAge;
    private readonly ITimer _collector;
    private ConcurrentDictionary<(GrainClass, string), Activation>? _activations;

    public GrainCatalog(
        IServiceProvider services, IOptions<EmbeddedHostOptions> options, TimeProvider time, ILogger<GrainCatalog> log)
    {
        (Services, Time, Log) = (services, time, log);
        _classes = GrainClass.Find(options.Value.GrainAssemblies);
        _references = _classes.ToFrozenDictionary(c => c.Key, c => GrainReference.Create(c.Key, this, c.Value));
        _collectionAge = options.Value.CollectionAge;
        _collector = time.CreateTimer(_ => Collect(), null, _collectionAge / 4, _collectionAge / 4);
    }

    internal IServiceProvider Services { get; }

    internal TimeProvider Time { get; }

    internal ILogger Log { get; }

    internal int Count => _activations?.Count ?? 0;

    internal IEnumerable<GrainClass> Classes => _classes.Values.Distinct();

    /// <inheritdoc/>
    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey
        => _references.TryGetValue(typeof(TGrainInterface), out var reference)
            ? (TGrainInterface)(object)reference.To(primaryKey)
            : throw new ArgumentException($"No grain class implements {typeof(TGrainInterface).Name}.");

    /// <inheritdoc/>
    public void Dispose() => _collector.Dispose();

    /// <summary>Delivers a call to the one activation of a grain, making it where there is none.</summary>
    internal void Send(GrainClass grainClass, string key, GrainCall call)
    {
        while (Volatile.Read(ref _activations) is { } activations)
        {
            var activation = activations.GetOrAdd(
                (grainClass, key), static (id, catalog) => new Activation(catalog, id.Item1, id.Item2), this);
            if (Volatile.Read(ref _activations) != activations)
            {
                // Cut off meanwhile, perhaps before this one was there to be seen.
                activation.CutOff(NotOwnerException.Refused());
            }
            else if (activation.TryTake(call))
            {
                return;
            }

            // Gone, and about to be taken out by whoever ended it; taking it out here as well saves the wait.
            activations.TryRemove(KeyValuePair.Create((grainClass, key), activation));
        }

        call.Refuse(NotOwnerException.Refused());
    }

    internal void Remove(Activation activation)
        => _activations?.TryRemove(KeyValuePair.Create((activation.GrainClass, activation.Key), activation));

    /// <summary>Starts to take calls.</summary>
    internal void Open() => _activations = new ConcurrentDictionary<(GrainClass, string), Activation>();

    /// <summary>Takes no more calls and cuts all activations off.</summary>
    /// <returns>Ends when the last call that had been started has ended.</returns>
    internal Task CutOff()
    {
        var activations = Interlocked.Exchange(ref _activations, null)?.Values ?? [];
        foreach (var activation in activations)
        {
            activation.CutOff(NotOwnerException.Refused());
        }

        return Task.WhenAll(activations.Select(a => a.Quiet));
    }

    /// <summary>Puts all activations away as a stopping host does.</summary>
    internal async Task CloseAsync()
    {
        // What still waited goes on in new activations, which are put away in turn; then whoever keeps calling is refused.
        for (var round = 0; round < 3 && !(_activations?.IsEmpty ?? true); round++)
        {
            var activations = _activations?.Values ?? [];
            foreach (var activation in activations)
            {
                activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ShuttingDown, "The host is stopping."));
            }

            await Task.WhenAll(activations.Select(a => a.Quiet)).ConfigureAwait(false);
        }

        await CutOff().ConfigureAwait(false);
    }

    private void Collect()
    {
        foreach (var activation in _activations?.Values ?? [])
        {
            activation.DeactivateIfIdle(_collectionAge);
        }
    }
}
