using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Embedded.Runtime;

/// <summary>A grain class and how its instances are made and called.</summary>
internal sealed class GrainClass(Type type)
{
    private readonly ObjectFactory _factory = ActivatorUtilities.CreateFactory(type, Type.EmptyTypes);
    private readonly ConcurrentDictionary<MethodInfo, GrainMethod> _methods = new();

    internal string Name => type.Name;

    internal bool IsRemindable => typeof(IRemindable).IsAssignableFrom(type);

    /// <summary>The interfaces of a class by which it can be called.</summary>
    private IEnumerable<Type> Interfaces => type.GetInterfaces()
        .Where(i => typeof(IGrain).IsAssignableFrom(i) && i.Assembly != typeof(IGrain).Assembly);

    /// <summary>Finds the grain classes of assemblies, by interface.</summary>
    /// <exception cref="InvalidOperationException">Two classes implement one interface.</exception>
    internal static FrozenDictionary<Type, GrainClass> Find(IEnumerable<Assembly> assemblies)
    {
        var found = new Dictionary<Type, GrainClass>();
        var types = assemblies.SelectMany(a => a.GetTypes()).Where(t => !t.IsAbstract && t.IsSubclassOf(typeof(Grain)));
        foreach (var grainClass in types.Select(t => new GrainClass(t)))
        {
            foreach (var grainInterface in grainClass.Interfaces)
            {
                if (!found.TryAdd(grainInterface, grainClass))
                {
                    throw new InvalidOperationException($"Two grain classes implement {grainInterface.Name}.");
                }
            }
        }

        return found.ToFrozenDictionary();
    }

    internal GrainMethod Method(MethodInfo method) => _methods.GetOrAdd(method, static m => new GrainMethod(m));

    internal Grain Create(IServiceProvider services) => (Grain)_factory(services, null);
}
