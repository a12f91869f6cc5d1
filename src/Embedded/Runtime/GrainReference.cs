using System.Reflection;

namespace LeadGrain.Embedded.Runtime;

/// <summary>What <see cref="IGrainFactory.GetGrain{T}"/> returns: implements the grain interface by sending calls.</summary>
internal class GrainReference : DispatchProxy
{
    private GrainCatalog _catalog = null!;
    private GrainClass _grainClass = null!;
    private string _key = null!;

    /// <summary>Makes a reference to no grain, of which <see cref="To(string)"/> makes others.</summary>
    internal static GrainReference Create(Type grainInterface, GrainCatalog catalog, GrainClass grainClass)
    {
        var reference = (GrainReference)Create(grainInterface, typeof(GrainReference));
        (reference._catalog, reference._grainClass) = (catalog, grainClass);
        return reference;
    }

    /// <summary>The same for a grain. A copy, because making a proxy by reflection costs ten times as much.</summary>
    internal GrainReference To(string key)
    {
        var reference = (GrainReference)MemberwiseClone();
        reference._key = key;
        return reference;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        => _grainClass.Method(targetMethod!).Send(_catalog, _grainClass, _key, args ?? []);
}
