using Microsoft.Net.Http.Headers;

namespace LeadGrain.Gateway.Json;

/// <summary>Which Content-Type values a JSON body may carry.</summary>
internal static class JsonContentType
{
    /// <summary>JSON in UTF-8, said or unsaid; no value at all is taken for JSON.</summary>
    internal static bool Accepts(string? value)
    {
        if (value is null or "application/json")
        {
            return true;
        }

        return MediaTypeHeaderValue.TryParse(value, out var type)
            && (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
                || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase))
            && (!type.Charset.HasValue || type.Charset.Value!.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase));
    }
}
