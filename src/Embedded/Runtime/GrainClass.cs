using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Reflection;
using LeadGrain.Embedded.States;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Embedded.Runtime;

/// <summary>A grain class and how its instances are made and called.</summary>
internal sealed class GrainClass
{
    private static readonly GrainMethod s_remind = new(typeof(IRemindable).GetMethod(nameof(IRemindable.ReceiveReminder))!);

    private readonly Type _type;
    private readonly ObjectFactory _factory;
    private readonly (Type Type, string Name)[] _states;
    private readonly ConcurrentDictionary<MethodInfo, GrainMethod> _methods = new();

    private GrainClass(Type type)
    {
        _type = type;
        _states =
        [
            .. from constructor in type.GetConstructors()
               from parameter in constructor.GetParameters()
               let asked = parameter.GetCustomAttribute<PersistentStateAttribute>()
               where asked is not null
               select (typeof(PersistentState<>).MakeGenericType(parameter.ParameterType.GetGenericArguments()), asked.StateName),
        ];
        _factory = ActivatorUtilities.CreateFactory(type, [.. _states.Select(state => state.Type)]);
    }

    /// <summary>Names the class in the database, and so outlives a move to another namespace.</summary>
    internal string Name => _type.Name;

    internal bool IsRemindable => typeof(IRemindable).IsAssignableFrom(_type);

    /// <summary>The interfaces of a class by which it can be called.</summary>
    private IEnumerable<Type> Interfaces => _type.GetInterfaces()
        .Where(i => typeof(IGrain).IsAssignableFrom(i) && i.Assembly != typeof(IGrain).Assembly);

    /// <summary>Finds the grain classes of assemblies, by interface.</summary>
    /// <exception cref="InvalidOperationException">Two classes implement one interface or have one name.</exception>
    internal static FrozenDictionary<Type, GrainClass> Find(IEnumerable<Assembly> assemblies)
    {
        var found = new Dictionary<Type, GrainClass>();
        var names = new HashSet<string>();
        var types = assemblies.SelectMany(a => a.GetTypes()).Where(t => !t.IsAbstract && t.IsSubclassOf(typeof(Grain)));
        foreach (var grainClass in types.Select(t => new GrainClass(t)))
        {
            if (!names.Add(grainClass.Name))
            {
                throw new InvalidOperationException($"Two grain classes have the name {grainClass.Name}.");
            }

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

    internal Task RemindAsync(GrainCatalog catalog, string key, string reminderName, TickStatus status)
        => s_remind.Send(catalog, this, key, [reminderName, status]);

    /// <summary>Makes an instance, and its states, which are still to be read.</summary>
    internal (Grain Grain, IReadOnlyList<IStorage> States) Create(Activation activation)
    {
        var services = activation.Catalog.Services;
        if (_states is [])
        {
            return ((Grain)_factory(services, null), []);
        }

        var store = services.GetRequiredService<GrainStateStore>();
        var states = Array.ConvertAll(_states, state => Activator.CreateInstance(state.Type, activation, store, state.Name)!);
        return ((Grain)_factory(services, states), Array.ConvertAll(states, state => (IStorage)state));
    }
}
