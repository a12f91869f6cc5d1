using System.Collections.Immutable;
using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Gateway.Routing;

/// <summary>Reads a condition: <c>{"path":"company.size","op":"gte","value":50}</c>.</summary>
internal static class ConditionInput
{
    private const int MaxValues = 1_000;
    private const int MaxText = 1_000;

    private static readonly Dictionary<string, ConditionOperator> s_operators = new(StringComparer.Ordinal)
    {
        ["equals"] = ConditionOperator.Equals,
        ["in"] = ConditionOperator.In,
        ["contains"] = ConditionOperator.Contains,
        ["exists"] = ConditionOperator.Exists,
        ["gt"] = ConditionOperator.Gt,
        ["gte"] = ConditionOperator.Gte,
        ["lt"] = ConditionOperator.Lt,
        ["lte"] = ConditionOperator.Lte,
    };

    /// <summary>An operator as it is on the wire.</summary>
    internal static string WordOf(ConditionOperator how) => s_operators.First(pair => pair.Value == how).Key;

    internal static Parsed<RuleCondition> Read(JsonElement element, string where)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            return Problem.InvalidMember(where, "must be an object.");
        }

        var members = new RuleMembers(element);
        var (path, word) = (members.Text("path"), members.Text("op"));
        if (string.IsNullOrWhiteSpace(path) || path.Split('.').Any(static step => step.Length == 0))
        {
            return Problem.InvalidMember($"{where}.path", "must be member names joined by dots.");
        }

        if (word is null || !s_operators.TryGetValue(word, out var how))
        {
            return Problem.InvalidMember($"{where}.op", $"must be one of {string.Join(", ", s_operators.Keys)}.");
        }

        var has = element.TryGetProperty("value", out var value) && value.ValueKind != JsonValueKind.Null;
        return ReadValues(how, has ? value : null) is { } values
            ? new RuleCondition(path, how, values)
            : Problem.InvalidMember($"{where}.value", Must(how));
    }

    private static ImmutableArray<ConditionValue>? ReadValues(ConditionOperator how, JsonElement? given)
    {
        if (how == ConditionOperator.Exists)
        {
            return given is null ? [new ConditionValue(ConditionKind.Truth, "true")]
                : ReadValue(given.Value) is { Kind: ConditionKind.Truth } truth ? [truth] : null;
        }

        if (given is not { } value)
        {
            return null;
        }

        if (how == ConditionOperator.In)
        {
            return ReadArray(value);
        }

        var isOrder = how is ConditionOperator.Gt or ConditionOperator.Gte or ConditionOperator.Lt or ConditionOperator.Lte;
        return ReadValue(value) is { } one && (!isOrder || one.Kind == ConditionKind.Number) ? [one] : null;
    }

    private static ImmutableArray<ConditionValue>? ReadArray(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is < 1 or > MaxValues)
        {
            return null;
        }

        var values = ImmutableArray.CreateBuilder<ConditionValue>(value.GetArrayLength());
        foreach (var element in value.EnumerateArray())
        {
            if (ReadValue(element) is not { } one)
            {
                return null;
            }

            values.Add(one);
        }

        return values.MoveToImmutable();
    }

    private static ConditionValue? ReadValue(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String when value.GetString() is { Length: <= MaxText } text => new ConditionValue(ConditionKind.Text, text),
        JsonValueKind.Number when value.TryGetDouble(out var number) && double.IsFinite(number) => new ConditionValue(ConditionKind.Number, value.GetRawText()),
        JsonValueKind.True => new ConditionValue(ConditionKind.Truth, "true"),
        JsonValueKind.False => new ConditionValue(ConditionKind.Truth, "false"),
        _ => null,
    };

    private static string Must(ConditionOperator how) => how switch
    {
        ConditionOperator.Exists => "must be true or false.",
        ConditionOperator.In => $"must be an array of 1 to {MaxValues} strings, numbers, true or false.",
        ConditionOperator.Equals or ConditionOperator.Contains => "must be a string, a number, true or false.",
        _ => "must be a number.",
    };
}
