using System.Text;

namespace LeadGrain.Grains.Outbound;

/// <summary>What a service says of a failure, fit for logs and reasons: no addresses, no control characters, not long.</summary>
internal static class VendorText
{
    private const int Longest = 200;

    /// <summary>Cleans a text; null where nothing is left. Pure.</summary>
    /// <param name="text">As the service wrote it.</param>
    /// <param name="secret">What must not be in it, such as the key it was asked with.</param>
    internal static string? Clean(string? text, string? secret = null)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        if (!string.IsNullOrEmpty(secret))
        {
            text = text.Replace(secret, "[secret]", StringComparison.OrdinalIgnoreCase);
        }

        var clean = new StringBuilder();
        foreach (var word in text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            clean.Append(clean.Length > 0 ? " " : "").Append(NamesSomebody(word) ? "[address]" : word);
            if (clean.Length > Longest)
            {
                break;
            }
        }

        var kept = new string([.. clean.ToString().Where(c => !char.IsControl(c) && !char.IsSurrogate(c))]);
        return kept.Length > Longest ? kept[..Longest] : kept;
    }

    private static bool NamesSomebody(string word) =>
        word.Contains('@', StringComparison.Ordinal)
        || word.Contains("%40", StringComparison.Ordinal)
        || word.Contains("://", StringComparison.Ordinal);
}
