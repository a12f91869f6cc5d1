using System.Text.Json;
using System.Text.Unicode;
using LeadGrain.GrainInterfaces.Enrichment;

namespace LeadGrain.Grains.Enrichment;

/// <summary>Reads the 2xx answer of Apollo's people/match.</summary>
internal static class ApolloAnswer
{
    // A match costs 1 credit, nobody costs none: https://docs.apollo.io (people enrichment).
    private const int MatchCost = 1;

    /// <summary>Reads one. Pure. What is not clearly somebody or nobody is unreadable, its cost unknown.</summary>
    public static ProviderAnswer Read(ReadOnlyMemory<byte> body, int httpStatus)
    {
        var unreadable = new ProviderAnswer.Failed(ProviderFailure.Unreadable, httpStatus, null);
        if (!Utf8.IsValid(body.Span))
        {
            return unreadable;
        }

        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("person", out var person))
            {
                return unreadable;
            }

            return person.ValueKind switch
            {
                JsonValueKind.Object => new ProviderAnswer.Found(Profile(person), body, httpStatus, MatchCost),
                // A failure dressed as 200 must not be cached as nobody.
                JsonValueKind.Null when !Says(root, "error") && !Says(root, "error_code") => new ProviderAnswer.NotFound(body, httpStatus, 0),
                _ => unreadable,
            };
        }
        catch (JsonException)
        {
            return unreadable;
        }
    }

    private static bool Says(JsonElement root, string member) =>
        root.TryGetProperty(member, out var value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.False);

    private static PersonProfile Profile(JsonElement person)
    {
        var organization = person.TryGetProperty("organization", out var o) && o.ValueKind == JsonValueKind.Object ? o : default;
        return new PersonProfile(
            Text(person, "first_name"),
            Text(person, "last_name"),
            Text(person, "title"),
            Text(person, "linkedin_url"),
            Text(organization, "name"),
            Text(organization, "primary_domain"),
            Text(organization, "industry"),
            HeadcountRange.Of(Count(organization, "estimated_num_employees")));
    }

    private static string? Text(JsonElement parent, string member)
    {
        if (parent.ValueKind != JsonValueKind.Object
            || !parent.TryGetProperty(member, out var value)
            || value.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        try
        {
            // PostgreSQL's text has no place for NUL.
            var text = value.GetString()!.Replace("\0", "", StringComparison.Ordinal).Trim();
            return text.Length == 0 ? null : text;
        }
        catch (InvalidOperationException)
        {
            // An escaped lone surrogate: a paid answer is not thrown away for one broken member.
            return null;
        }
    }

    private static long? Count(JsonElement parent, string member) =>
        parent.ValueKind == JsonValueKind.Object
        && parent.TryGetProperty(member, out var value)
        && value.ValueKind == JsonValueKind.Number
        && value.TryGetDouble(out var count)
        && double.IsFinite(count)
            ? (long)Math.Clamp(count, 0, int.MaxValue)
            : null;
}
