using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Gateway.Routing;

/// <summary>
/// Reads a lead. Only its email must be there. What campaigns need (first_name, last_name, company) is found under the spellings
/// that tools use, and added under those names; everything else stays as it came in.
/// </summary>
internal static class IngestInput
{
    /// <summary>A lead that was posted by its finder.</summary>
    internal static Parsed<NewRoutedLead> Read(JsonElement root) => Read(root, "api");

    /// <summary>A lead that Clay delivered.</summary>
    internal static Parsed<NewRoutedLead> ReadDelivery(JsonElement root) => Read(root, "clay");

    private static Parsed<NewRoutedLead> Read(JsonElement root, string standardSource)
    {
        var names = LeadNames.Find(root);
        if (names.Email is not { } email)
        {
            return Problem.MissingMember("email") with { Detail = "email is required, as a string." };
        }

        var members = new MemberReader(root);
        var persona = members.OptionalText("persona"u8);
        var source = members.OptionalText("source"u8);
        if (members.Problem is { } problem)
        {
            return problem;
        }

        return email.Length > EmailKey.MaxLength ? Problem.InvalidMember("email", $"must be at most {EmailKey.MaxLength} characters.")
            : ReadScore(root).Failed(out problem, out var score) ? problem
            : new NewRoutedLead(
                email, persona, double.IsNaN(score) ? null : score, string.IsNullOrWhiteSpace(source) ? standardSource : source, names.Complete(root));
    }

    // Tables hold numbers as texts, and nothing as an empty one: not a number stands for none.
    private static Parsed<double> ReadScore(JsonElement root)
    {
        if (!root.TryGetProperty("lead_score"u8, out var value) && !root.TryGetProperty("leadScore"u8, out value) && !root.TryGetProperty("score"u8, out value))
        {
            return double.NaN;
        }

        var text = value.ValueKind switch
        {
            JsonValueKind.Null => "",
            JsonValueKind.String => value.GetString()!.Trim(),
            JsonValueKind.Number => value.GetRawText(),
            _ => "?",
        };
        return text.Length == 0 ? double.NaN
            : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var score) && double.IsFinite(score) ? score
            : Problem.InvalidMember("lead_score", "must be a number.");
    }
}
