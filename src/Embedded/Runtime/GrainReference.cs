using System.Reflection;

namespace LeadGrain.Embedded.Runtime;

/// <summary>What <see cref="IGrainFactory.GetGrain{T}"/> returns: implements the grain interface by sending calls.</summary>
internal class GrainReference : DispatchProxy
{
    private GrainCatalog _catalog = null!;
    private GrainClass _grainClass = null!;
    private string _key = null!;

    internal static TGrainInterface Create<TGrainInterface>(GrainCatalog catalog, GrainClass grainClass, string key)
        where TGrainInterface : IGrainWithStringKey
    {
        var proxy = Create<TGrainInterface, GrainReference>();
        var reference = (GrainReference)(object)proxy!;
        (reference._catalog, reference._grainClass, reference._key) = (catalog, grainClass, key);
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        => _grainClass.Method(targetMethod!).Send(_catalog, _grainClass, _key, args ?? []);
}
