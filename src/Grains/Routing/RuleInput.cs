using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Grains.Routing;

/// <summary>What rules look at in a lead. Its body is parsed only where a rule asks for a field of it.</summary>
internal sealed class RuleInput(Guid id, NewRoutedLead lead) : IDisposable
{
    private readonly string _emailKey = EmailKey.Of(lead.Email);
    private JsonDocument? _document;
    private JsonElement? _known;
    private Guid? _lot;

    internal Guid Id => id;

    /// <summary>By what splits draw: the same for all leads of an email; a lead without one draws by its id.</summary>
    internal Guid Lot => _lot ??= _emailKey.Length == 0 ? id : new Guid(XxHash128.Hash(Encoding.UTF8.GetBytes(_emailKey)));

    internal string? Persona => lead.Persona;

    internal double Score => lead.Score ?? 0;

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
            _ => NumberText(field) is { } number && NumberText(condition.Values[0]) is { } bound && Order(number, bound) is { } order
                && Fits(condition.Operator, order),
        };
    }

    // The body has the word. What it does not name, or names otherwise, is found as the lead is shown: persona, lead_score, source.
    private bool TryFind(string path, out JsonElement field)
        => TryFind((_document ??= JsonDocument.Parse(lead.Data)).RootElement, path, out field)
            || TryFind(_known ??= Known(), path, out field);

    private JsonElement Known() => JsonSerializer.SerializeToElement(
        new Dictionary<string, object?> { ["persona"] = lead.Persona, ["score"] = lead.Score, ["lead_score"] = lead.Score, ["source"] = lead.Source });

    private static bool TryFind(JsonElement root, string path, out JsonElement field)
    {
        field = root;
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
                ? NumberText(field) is { } number && Order(number, value.Text) == 0
                : string.Equals(field.ToString(), value.Text, StringComparison.OrdinalIgnoreCase));

    private static bool Contains(JsonElement field, ConditionValue value) => field.ValueKind switch
    {
        JsonValueKind.String => field.GetString()!.Contains(value.Text, StringComparison.OrdinalIgnoreCase),
        JsonValueKind.Array => field.EnumerateArray().Any(element => IsSame(element, value)),
        _ => false,
    };

    private static bool Fits(ConditionOperator how, int order) => how switch
    {
        ConditionOperator.Gt => order > 0,
        ConditionOperator.Gte => order >= 0,
        ConditionOperator.Lt => order < 0,
        _ => order <= 0,
    };

    private static string? NumberText(JsonElement field) => field.ValueKind switch
    {
        JsonValueKind.Number => field.GetRawText(),
        JsonValueKind.String => field.GetString(),
        _ => null,
    };

    private static string? NumberText(ConditionValue value) => value.Kind == ConditionKind.Truth ? null : value.Text;

    // How two numbers compare; null where one is none. Long ids that are one as doubles are told apart by all of their digits.
    private static int? Order(string left, string right)
    {
        if (!IsNumber(left, out var one) || !IsNumber(right, out var other))
        {
            return null;
        }

        return one == other
            && decimal.TryParse(left, NumberStyles.Float, CultureInfo.InvariantCulture, out var exact)
            && decimal.TryParse(right, NumberStyles.Float, CultureInfo.InvariantCulture, out var exactOther)
            ? exact.CompareTo(exactOther) : one.CompareTo(other);
    }

    private static bool IsNumber(string text, out double number)
        => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);
}
