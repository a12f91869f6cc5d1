using System.Reflection;

namespace LeadGrain.Tests.Embedded;

/// <summary>How a member is written down to be compared.</summary>
internal static class MemberLine
{
    public static string Kind(TypeAttributes attributes)
        => (attributes & (TypeAttributes.Interface | TypeAttributes.Abstract | TypeAttributes.Sealed)).ToString();

    /// <summary>Whether others can call it; a struct's or an interface's protected members do not exist.</summary>
    public static bool IsVisible(MethodAttributes attributes)
        => (attributes & MethodAttributes.MemberAccessMask)
            is MethodAttributes.Public or MethodAttributes.Family or MethodAttributes.FamORAssem;

    public static string Method(
        MethodAttributes attributes, string result, string name, int arity, IEnumerable<string> parameters)
    {
        var access = (attributes & MethodAttributes.MemberAccessMask) == MethodAttributes.Public ? "public " : "protected ";
        var scope = attributes.HasFlag(MethodAttributes.Static) ? "static " : "";
        var open = attributes.HasFlag(MethodAttributes.Virtual) && !attributes.HasFlag(MethodAttributes.Final) ? "virtual " : "";
        return $"{access}{scope}{open}{result} {name}{(arity > 0 ? $"`{arity}" : "")}({string.Join(", ", parameters)})";
    }

    public static string Constant(string name, object? value) => $"public const {name} = {value}";
}
