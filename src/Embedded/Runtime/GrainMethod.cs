using System.Reflection;

namespace LeadGrain.Embedded.Runtime;

/// <summary>One method of a grain interface.</summary>
internal sealed class GrainMethod
{
    private readonly MethodInvoker _invoker;
    private readonly Func<GrainMethod, GrainCatalog, GrainClass, string, object?[], Task> _send;
    private readonly int _cancellation;

    internal GrainMethod(MethodInfo method)
    {
        _invoker = MethodInvoker.Create(method);
        _cancellation = Array.FindLastIndex(method.GetParameters(), p => p.ParameterType == typeof(CancellationToken));
        Interleaves = method.IsDefined(typeof(AlwaysInterleaveAttribute), inherit: false);
        _send = method.ReturnType switch
        {
            { IsGenericType: true } type when type.GetGenericTypeDefinition() == typeof(Task<>)
                => SendOf(type.GetGenericArguments()[0]),
            var type when type == typeof(Task) => SendAsync<bool>,
            _ => throw new NotSupportedException($"{method.DeclaringType?.Name}.{method.Name} must return Task or Task<T>."),
        };
    }

    internal bool Interleaves { get; }

    internal Task Invoke(object grain, object?[] arguments) => (Task)_invoker.Invoke(grain, arguments)!;

    /// <summary>The token among a call's arguments, if the method has one.</summary>
    internal CancellationToken CancellationOf(object?[] arguments)
        => _cancellation < 0 ? CancellationToken.None : (CancellationToken)arguments[_cancellation]!;

    internal Task Send(GrainCatalog catalog, GrainClass grainClass, string key, object?[] arguments)
        => _send(this, catalog, grainClass, key, arguments);

    private static Func<GrainMethod, GrainCatalog, GrainClass, string, object?[], Task> SendOf(Type result)
        => typeof(GrainMethod)
            .GetMethod(nameof(SendAsync), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(result)
            .CreateDelegate<Func<GrainMethod, GrainCatalog, GrainClass, string, object?[], Task>>();

    private static Task<TResult> SendAsync<TResult>(
        GrainMethod method, GrainCatalog catalog, GrainClass grainClass, string key, object?[] arguments)
    {
        var call = new MethodCall<TResult>(method, arguments);
        catalog.Send(grainClass, key, call);
        return call.Completion;
    }
}
