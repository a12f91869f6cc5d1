using LeadGrain.GrainInterfaces.Buffer;

namespace LeadGrain.Grains.Buffer;

/// <summary>The rows of lead_origins that one activation has met.</summary>
internal sealed class OriginCache
{
    // A namespace rarely has more than a handful; this bounds one that names a new user with each push.
    private const int Limit = 10_000;

    private readonly Dictionary<long, LeadOrigin> _byId = [];
    private readonly Dictionary<LeadOrigin, long> _ids = [];

    internal LeadOrigin? Find(long id) => _byId.GetValueOrDefault(id);

    internal long? IdOf(LeadOrigin origin) => _ids.TryGetValue(origin, out var id) ? id : null;

    internal LeadOrigin Add(long id, LeadOrigin origin)
    {
        if (_byId.Count >= Limit)
        {
            _byId.Clear();
            _ids.Clear();
        }

        _byId[id] = origin;
        _ids[origin] = id;
        return origin;
    }
}
