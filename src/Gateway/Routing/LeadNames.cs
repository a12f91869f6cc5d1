using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LeadGrain.Gateway.Routing;

/// <summary>What a lead's body calls its email, first name, last name and company.</summary>
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
    };

    private readonly Dictionary<string, string> _missing = new(StringComparer.Ordinal);

    /// <summary>The email; null where there is none that is a string.</summary>
    internal string? Email { get; private init; }

    internal static LeadNames Find(JsonElement root)
    {
        var email = TextOf(root, "email");
        var names = new LeadNames { Email = email ?? FindOther(root, "email") };
        names.Note("email", email, names.Email);
        foreach (var name in (ReadOnlySpan<string>)["first_name", "last_name", "company"])
        {
            var given = TextOf(root, name);
            names.Note(name, given, given ?? FindOther(root, name));
        }

        return names;
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

    private static string? FindOther(JsonElement root, string name)
    {
        foreach (var member in root.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.String && s_spellings.GetValueOrDefault(Bare(member.Name)) == name
                && member.Value.GetString() is { Length: > 0 } text)
            {
                return text;
            }
        }

        return null;
    }

    private static string Bare(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();
}
