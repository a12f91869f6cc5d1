using System.Collections.Immutable;

namespace LeadGrain.Tests.OrleansHost;

/// <summary>Makes one value of any type that travels between silos, filled to the last member.</summary>
internal static class Samples
{
    private static readonly Dictionary<Type, object> s_plain = new()
    {
        [typeof(string)] = "text", [typeof(bool)] = true, [typeof(byte)] = (byte)1, [typeof(short)] = (short)2, [typeof(int)] = 3,
        [typeof(long)] = 4L, [typeof(double)] = 5.5, [typeof(decimal)] = 6.25m, [typeof(Guid)] = new Guid(7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8),
        [typeof(DateTimeOffset)] = new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.FromHours(2)), [typeof(TimeSpan)] = TimeSpan.FromSeconds(90),
        [typeof(DateOnly)] = new DateOnly(2026, 5, 4), [typeof(TimeOnly)] = new TimeOnly(3, 2, 1), [typeof(DayOfWeek)] = DayOfWeek.Friday,
        [typeof(Uri)] = new Uri("https://a.example/b"), [typeof(byte[])] = new byte[] { 1, 2, 3 },
    };

    internal static object Make(Type type)
    {
        if (s_plain.TryGetValue(type, out var plain))
        {
            return plain;
        }

        if (Nullable.GetUnderlyingType(type) is { } inner)
        {
            return Make(inner);
        }

        if (type.IsEnum)
        {
            return Enum.GetValues(type).GetValue(Enum.GetValues(type).Length - 1)!;
        }

        if (type.IsArray)
        {
            return ArrayOf(type.GetElementType()!);
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ImmutableArray<>))
        {
            var element = type.GetGenericArguments()[0];
            return typeof(ImmutableArray).GetMethods()
                .Single(m => m.Name == nameof(ImmutableArray.Create) && m.GetParameters() is [{ ParameterType.IsArray: true }])
                .MakeGenericMethod(element).Invoke(null, [ArrayOf(element)])!;
        }

        return type.IsInterface ? ArrayOf(type.GetGenericArguments()[0]) : MakeRecord(type);
    }

    private static object MakeRecord(Type type)
    {
        if (type.IsAbstract)
        {
            return Make(type.Assembly.GetTypes().First(derived => !derived.IsAbstract && derived.IsAssignableTo(type)));
        }

        var constructor = type.GetConstructors(System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.Public | System.Reflection.BindingFlags.NonPublic)
            .Where(c => c.GetParameters() is not [{ ParameterType: var only }] || only != type)
            .MaxBy(c => c.GetParameters().Length)!;
        return constructor.Invoke([.. constructor.GetParameters().Select(p => Make(p.ParameterType))]);
    }

    private static Array ArrayOf(Type element)
    {
        var array = Array.CreateInstance(element, 1);
        array.SetValue(Make(element), 0);
        return array;
    }
}
