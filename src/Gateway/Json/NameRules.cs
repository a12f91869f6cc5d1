namespace LeadGrain.Gateway.Json;

/// <summary>What holds for emails and namespaces wherever they come in.</summary>
internal static class NameRules
{
    /// <summary>The rule that a text breaks, in words, or null.</summary>
    internal static string? Broken(string text, int maxLength)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return "must not be blank.";
        }

        if (text.Length > maxLength)
        {
            return $"must be at most {maxLength} characters.";
        }

        foreach (var character in text)
        {
            if (char.IsControl(character))
            {
                return "must not hold control characters.";
            }
        }

        return null;
    }
}
