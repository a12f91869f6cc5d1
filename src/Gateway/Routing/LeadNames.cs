using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LeadGrain.Gateway.Routing;

/// <summary>What a lead's body calls its email, first name, last name and company, its persona, score and source.</summary>
internal sealed class LeadNames
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    // By name without case and marks: "First Name", firstName and first_name are one.
    private static readonly Dictionary<string, string> s_spellings = new(StringComparer.Ordinal)
    {
        ["email"] = "email", ["emailaddress"] = "email", ["workemail"] = "email",
        ["firstname"] = "first_name", ["givenname"] = "first_name",
        ["lastname"] = "last_name", ["surname"] = "last_name", ["familyname"] = "last_name",
        ["company"] = "company", ["companyname"] = "company", ["organization"] = "company", ["organizationname"] = "company",
        ["persona"] = "persona", ["source"] = "source", ["leadsource"] = "source", ["leadscore"] = "lead_score", ["score"] = "lead_score",
    };

    private readonly JsonElement _root;
    private readonly Dictionary<string, string> _missing = new(StringComparer.Ordinal);

    // The first member that says something under another spelling of a name; found when one is first asked for.
    private Dictionary<string, JsonElement>? _others;

    private LeadNames(JsonElement root) => _root = root;

    /// <summary>The email; null where there is none that is a string.</summary>
    internal string? Email { get; private set; }

    internal static LeadNames Find(JsonElement root)
    {
        var email = TextOf(root, "email");
        var names = new LeadNames(root);
        names.Email = email ?? names.Other("email")?.GetString();
        names.Note("email", email, names.Email);
        foreach (var name in (ReadOnlySpan<string>)["first_name", "last_name", "company"])
        {
            var given = TextOf(root, name);
            names.Note(name, given, given ?? names.Other(name)?.GetString());
        }

        return names;
    }

    /// <summary>A text, or of lead_score a number, under another spelling of a known name; null where there is none.</summary>
    internal JsonElement? Other(string name) => (_others ??= FindOthers(_root)).TryGetValue(name, out var value) ? value : null;

    /// <summary>A number, also one that is written as a text; null where it is none.</summary>
    internal static double? NumberOf(JsonElement value)
    {
        var text = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!.Trim(),
            JsonValueKind.Number => value.GetRawText(),
            _ => "",
        };
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;
    }

    /// <summary>The body with what was found under other names added under the known ones; as it came in where that is nothing.</summary>
    internal byte[] Complete(JsonElement root)
    {
        if (_missing.Count == 0)
        {
            return JsonMarshal.GetRawUtf8Value(root).ToArray();
        }

        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, s_options))
        {
            json.WriteStartObject();
            foreach (var member in root.EnumerateObject().Where(member => !_missing.ContainsKey(member.Name)))
            {
                member.WriteTo(json);
            }

            foreach (var (name, text) in _missing)
            {
                json.WriteString(name, text);
            }

            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    private void Note(string name, string? given, string? found)
    {
        if (given is null && found is not null)
        {
            _missing[name] = found;
        }
    }

    private static string? TextOf(JsonElement root, string name)
        => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static Dictionary<string, JsonElement> FindOthers(JsonElement root)
    {
        var others = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var member in root.EnumerateObject())
        {
            if (s_spellings.TryGetValue(Bare(member.Name), out var name)
                && (name == "lead_score" ? NumberOf(member.Value) is not null : member.Value.ValueKind == JsonValueKind.String && member.Value.GetString() is { Length: > 0 }))
            {
                others.TryAdd(name, member.Value);
            }
        }

        return others;
    }

    private static string Bare(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();
}
