using System.Diagnostics.CodeAnalysis;
using LeadGrain.Gateway.Problems;

namespace LeadGrain.Gateway.Json;

/// <summary>What was read, or the problem with it.</summary>
internal readonly struct Parsed<T>
    where T : notnull
{
    private readonly T? _value;

    private Parsed(T? value, Problem? problem)
    {
        _value = value;
        Problem = problem;
    }

    internal Problem? Problem { get; }

    public static implicit operator Parsed<T>(T value) => new(value, null);

    public static implicit operator Parsed<T>(Problem problem) => new(default, problem);

    internal bool Failed([NotNullWhen(true)] out Problem? problem, [NotNullWhen(false)] out T? value)
    {
        problem = Problem;
        value = _value;
        return problem is not null;
    }
}
