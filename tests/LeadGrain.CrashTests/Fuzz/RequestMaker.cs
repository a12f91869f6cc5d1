using System.Text;

namespace LeadGrain.CrashTests.Fuzz;

/// <summary>Makes the requests of a run: each follows from the seed and its index.</summary>
internal sealed class RequestMaker
{
    // So many requests of each operation are as documented, in the document's order, before anything is spoiled.
    private const int PlainTurns = 40;

    // What takes nothing is soon seen through: it has one turn while the rest has this many. Whole pages are dear besides.
    private const int Weight = 8;

    // Of a hundred of the rest so many are as documented too, so that there is always something to find.
    private const int Unspoiled = 4;

    private readonly Sampler _sampler;
    private readonly ApiOperation[] _all;
    private readonly ApiOperation[] _turns;
    private readonly int _seed;

    internal RequestMaker(ApiDocument document, int seed)
    {
        _seed = seed;
        _sampler = new Sampler(document);
        _all = [.. document.Operations];
        _turns = [.. _all.SelectMany(o => Enumerable.Repeat(o, o.HasInput ? Weight * Weight : o.IsDocumented ? Weight : 1))];
        Plain = _all.Length * PlainTurns;
    }

    /// <summary>The index of the first request that may be spoiled.</summary>
    internal int Plain { get; }

    internal ValuePool Pool => _sampler.Pool;

    internal FuzzRequest Make(int index)
    {
        var random = new Random(Mix(index, 1));
        var mutations = new Random(Mix(index, 2));
        var operation = index < Plain ? _all[index % _all.Length] : _turns[index % _turns.Length];
        var draft = _sampler.Draw(operation, random, mutations);
        var kind = index < Plain ? 0 : mutations.Next(100);
        var asDocumented = draft.Path;
        if (kind >= Unspoiled)
        {
            Spoil(draft, kind);
        }

        if (operation.IsDelivery)
        {
            DeliveryProofs.Prove(draft);
        }

        var request = new FuzzRequest(index, operation, draft.ToBytes())
        {
            Delivery = kind < 85 ? draft.Once(40) ? Delivery.InPieces : Delivery.Kept : kind < 97 ? Delivery.Wire : Delivery.Abandoned,
            OnRoute = draft.Path == asDocumented && draft.Method == operation.Method && !HasDots(draft.Path),
            RequestId = ExpectedId(draft),
            Mutations = draft.Mutations,
        };
        return kind < 85 ? request : OnTheWire(request, draft);
    }

    private static void Spoil(Draft draft, int kind)
    {
        // What goes wrong on the wire besides need not be spoiled before.
        var turns = kind < 85 ? draft.Random.Next(1, 5) : draft.Random.Next(2);
        while (draft.Mutations.Count < turns)
        {
            var mutation = draft.Pick(draft.Json is not null && !draft.Once(3) ? BodyMutations.All : RequestMutations.All);
            if (draft.Once(mutation.Rarity))
            {
                mutation.Apply(draft);
                draft.Mutations.Add(mutation.Name);
            }
        }
    }

    private static FuzzRequest OnTheWire(FuzzRequest request, Draft draft)
    {
        var bytes = request.Bytes;
        if (request.Delivery == Delivery.Abandoned)
        {
            return request with { Bytes = draft.Once(3) ? bytes : bytes[..draft.Random.Next(1, bytes.Length)], Mutations = [.. request.Mutations, "abandoned"] };
        }

        var (name, spoil) = draft.Pick(WireMutations.All);
        return request with { Bytes = spoil(draft.Random, bytes), OnRoute = false, RequestId = null, Mutations = [.. request.Mutations, name] };
    }

    /// <summary>A namespace can be called so, but in a path it leads elsewhere.</summary>
    private static bool HasDots(string path) => path.Split('/').Any(part => part is "." or "..");

    private static string? ExpectedId(Draft draft)
    {
        var ids = draft.Headers.FindAll(header => header.Key == "X-Request-Id");
        var id = ids.Count == 1 ? Encoding.UTF8.GetString(ids[0].Value).Trim(' ', '\t') : "";
        return id.Length is > 0 and <= 128 && id.All(c => c is >= ' ' and <= '~') ? id : null;
    }

    /// <summary>A number that neighbors do not share (splitmix64's last steps).</summary>
    private int Mix(int index, int part)
    {
        var bits = unchecked(((ulong)(uint)_seed << 32) + ((ulong)(uint)index * 4) + (ulong)part) * 0x9e37_79b9_7f4a_7c15;
        bits = (bits ^ (bits >> 30)) * 0xbf58_476d_1ce4_e5b9;
        bits = (bits ^ (bits >> 27)) * 0x94d0_49bb_1331_11eb;
        return (int)((bits ^ (bits >> 31)) >> 33);
    }
}
