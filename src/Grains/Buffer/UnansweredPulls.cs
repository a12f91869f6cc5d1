using System.Collections.Concurrent;

namespace LeadGrain.Grains.Buffer;

/// <summary>
/// Leads whose serving was being committed when the database broke off. Nobody was given them, and nobody will be: if the
/// commit went through after all, the namespace's next activation in this process takes it back, so that they wait again, or
/// else <see cref="TakeBackDuty"/> does.
/// Not so where the pull had a key: a repeat may be answered from what the commit kept, by another process too.
/// </summary>
internal sealed class UnansweredPulls
{
    private readonly ConcurrentDictionary<string, List<ServedMark>> _byNamespace = new();

    /// <summary>Notes leads of a namespace, named by its grain key.</summary>
    internal void Add(string grainKey, IReadOnlyList<ServedMark> marks)
        => _byNamespace.AddOrUpdate(grainKey, _ => [.. marks], (_, earlier) => [.. earlier, .. marks]);

    /// <summary>The grain keys of namespaces that leads are noted for.</summary>
    internal ICollection<string> GrainKeys => _byNamespace.Keys;

    /// <summary>The leads noted for a namespace.</summary>
    internal IReadOnlyList<ServedMark> Of(string grainKey) => _byNamespace.GetValueOrDefault(grainKey) ?? [];

    /// <summary>Those are settled; what was noted since they were read is kept for the next activation.</summary>
    internal void Forget(string grainKey, IReadOnlyList<ServedMark> settled)
    {
        while (_byNamespace.TryGetValue(grainKey, out var noted))
        {
            // A longer list is a new one that begins with the settled ones.
            var since = noted.Skip(settled.Count).ToList();
            if (since.Count == 0
                ? _byNamespace.TryRemove(KeyValuePair.Create(grainKey, noted))
                : settled.Count == 0 || _byNamespace.TryUpdate(grainKey, since, noted))
            {
                return;
            }
        }
    }
}
