using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Grains.Routing;

/// <summary>What rules look at in a lead. Its body is parsed only where a rule asks for a field of it.</summary>
internal sealed class LeadFields(Guid id, string emailKey, string? persona, double? score, byte[] body) : IDisposable
{
    private JsonDocument? _document;
    private Guid? _lot;

    internal Guid Id => id;

    /// <summary>By what splits draw: the same for all leads of an email; a lead without one draws by its id.</summary>
    internal Guid Lot => _lot ??= emailKey.Length == 0 ? id : new Guid(XxHash128.Hash(Encoding.UTF8.GetBytes(emailKey)));

    internal string? Persona => persona;

    internal double Score => score ?? 0;

    public void Dispose() => _document?.Dispose();

    /// <summary>Whether a condition holds.</summary>
    internal bool Satisfies(RuleCondition condition)
    {
        var found = TryFind(condition.Path, out var field);
        return condition.Operator switch
        {
            ConditionOperator.Exists => found == (condition.Values[0].Text == "true"),
            _ when !found => false,
            ConditionOperator.Equals => IsSame(field, condition.Values[0]),
            ConditionOperator.In => condition.Values.Any(value => IsSame(field, value)),
            ConditionOperator.Contains => Contains(field, condition.Values[0]),
            _ => NumberOf(field) is { } number && NumberOf(condition.Values[0]) is { } bound && Compare(condition.Operator, number, bound),
        };
    }

    private bool TryFind(string path, out JsonElement field)
    {
        field = (_document ??= JsonDocument.Parse(body)).RootElement;
        foreach (var range in path.AsSpan().Split('.'))
        {
            var step = path.AsSpan()[range];
            var found = field.ValueKind switch
            {
                JsonValueKind.Object => field.TryGetProperty(step, out field),
                JsonValueKind.Array => int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                    && index < field.GetArrayLength() && Pick(ref field, index),
                _ => false,
            };
            if (!found)
            {
                return false;
            }
        }

        return field.ValueKind != JsonValueKind.Null;
    }

    private static bool Pick(ref JsonElement array, int index)
    {
        array = array[index];
        return true;
    }

    private static bool IsSame(JsonElement field, ConditionValue value)
        => field.ValueKind is JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False
            && (value.Kind == ConditionKind.Number
                ? NumberOf(field) is { } number && number == NumberOf(value)
                : string.Equals(field.ToString(), value.Text, StringComparison.OrdinalIgnoreCase));

    private static bool Contains(JsonElement field, ConditionValue value) => field.ValueKind switch
    {
        JsonValueKind.String => field.GetString()!.Contains(value.Text, StringComparison.OrdinalIgnoreCase),
        JsonValueKind.Array => field.EnumerateArray().Any(element => IsSame(element, value)),
        _ => false,
    };

    private static bool Compare(ConditionOperator how, double number, double bound) => how switch
    {
        ConditionOperator.Gt => number > bound,
        ConditionOperator.Gte => number >= bound,
        ConditionOperator.Lt => number < bound,
        _ => number <= bound,
    };

    private static double? NumberOf(JsonElement field) => field.ValueKind switch
    {
        JsonValueKind.Number => field.TryGetDouble(out var number) ? number : null,
        JsonValueKind.String => NumberOf(field.GetString()!),
        _ => null,
    };

    private static double? NumberOf(ConditionValue value) => value.Kind == ConditionKind.Truth ? null : NumberOf(value.Text);

    private static double? NumberOf(string text)
        => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;
}
