using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Routing;

namespace LeadGrain.Gateway.Routing;

/// <summary>
/// Reads a lead. Only its email must be there. What campaigns need (first_name, last_name, company) is found under the spellings
/// that tools use, and added under those names; so are persona, score and source found. Everything stays as it came in.
/// </summary>
internal static class IngestInput
{
    /// <summary>A lead that was posted by its finder.</summary>
    internal static Parsed<NewRoutedLead> Read(JsonElement root) => Read(root, "api", isTable: false);

    /// <summary>A lead that Clay delivered: a row of a table, where any text may stand for no score.</summary>
    internal static Parsed<NewRoutedLead> ReadDelivery(JsonElement root) => Read(root, "clay", isTable: true);

    private static Parsed<NewRoutedLead> Read(JsonElement root, string standardSource, bool isTable)
    {
        var names = LeadNames.Find(root);
        if (names.Email is not { } email)
        {
            return Problem.MissingMember("email") with { Detail = "email is required, as a string." };
        }

        var members = new MemberReader(root);
        var persona = members.OptionalText("persona"u8) ?? names.Other("persona")?.GetString();
        var source = members.OptionalText("source"u8) is { } given && !string.IsNullOrWhiteSpace(given) ? given : names.Other("source")?.GetString();
        source = string.IsNullOrWhiteSpace(source) ? standardSource : source;
        if (members.Problem is { } problem)
        {
            return problem;
        }

        return email.Length > EmailKey.MaxLength ? Problem.InvalidMember("email", $"must be at most {EmailKey.MaxLength} characters.")
            : persona?.Length > MemberReader.MaxIdLength ? Problem.InvalidMember("persona", $"must be at most {MemberReader.MaxIdLength} characters.")
            : source.Length > MemberReader.MaxIdLength ? Problem.InvalidMember("source", $"must be at most {MemberReader.MaxIdLength} characters.")
            : ReadScore(root, names, isTable).Failed(out problem, out var score) ? problem
            : new NewRoutedLead(email, persona, double.IsNaN(score) ? null : score, source, names.Complete(root));
    }

    // Not a number stands for none. Tables hold nothing as an empty text.
    private static Parsed<double> ReadScore(JsonElement root, LeadNames names, bool isTable)
    {
        foreach (var name in (ReadOnlySpan<string>)["lead_score", "leadScore", "score"])
        {
            if (!root.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            if (LeadNames.NumberOf(value) is { } score)
            {
                return score;
            }

            if (!isTable && !(value.ValueKind == JsonValueKind.String && string.IsNullOrWhiteSpace(value.GetString())))
            {
                return Problem.InvalidMember("lead_score", "must be a number.");
            }
        }

        return names.Other("lead_score") is { } other ? LeadNames.NumberOf(other)!.Value : double.NaN;
    }
}
