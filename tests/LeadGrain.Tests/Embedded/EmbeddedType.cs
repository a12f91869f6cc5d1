using System.Reflection;
using System.Runtime.CompilerServices;

namespace LeadGrain.Tests.Embedded;

/// <summary>A type of the embedded host, its members each in one line.</summary>
internal sealed class EmbeddedType(Type type)
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public string Kind => MemberLine.Kind(type.Attributes);

    public string? Base => type.BaseType is { } parent ? Name(parent) : null;

    public IEnumerable<string> Interfaces => type.GetInterfaces()
        .Except(type.BaseType?.GetInterfaces() ?? [])
        .Select(Name);

    public IEnumerable<string> Members =>
    [
        .. type.GetMethods(Declared).Concat<MethodBase>(type.GetConstructors(Declared))
            .Where(method => MemberLine.IsVisible(method.Attributes))
            .Select(Line),
        .. type.GetFields(Declared)
            .Where(f => f.IsLiteral)
            .Select(f => MemberLine.Constant(f.Name, f.GetRawConstantValue())),
    ];

    private static string Line(MethodBase method) => MemberLine.Method(
        method.Attributes,
        method is MethodInfo { ReturnParameter: var result } ? Parameter(result) : "Void",
        method.Name,
        method.IsGenericMethod ? method.GetGenericArguments().Length : 0,
        method.GetParameters().Select(p => $"{Parameter(p)} {p.Name}{(p.HasDefaultValue ? " = " + (p.RawDefaultValue ?? "null") : "")}"));

    private static string Parameter(ParameterInfo parameter)
        => Name(parameter.ParameterType) + (parameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? " init" : "");

    private static string Name(Type type)
        => type.IsGenericParameter ? (type.DeclaringMethod is null ? "!" : "!!") + type.GenericParameterPosition
            : type.IsArray ? Name(type.GetElementType()!) + "[]"
            : type.IsGenericType ? $"{type.Name}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
            : type.Name;
}
