using System.Text.Json;

namespace LeadGrain.Grains.Campaigns;

/// <summary>An error body of Smartlead's, in any of its forms.</summary>
/// <param name="Code">The vendor's code.</param>
/// <param name="Message">The vendor's words. They may quote the lead, and are never logged.</param>
/// <param name="RetryAfter">How long it asks to wait.</param>
internal sealed record SmartleadError(string? Code, string? Message, TimeSpan? RetryAfter)
{
    private static readonly SmartleadError s_none = new(null, null, null);

    /// <summary>Whether it says that what was to be added is there.</summary>
    internal bool SaysAlready => Message is not null && SmartleadReason.IsAlready(Message);

    /// <summary>The code, where it is one: a word in capitals, which names nobody.</summary>
    internal string? CodeForLogs => Code is [>= 'A' and <= 'Z', ..] and { Length: <= 64 } && Code.All(static c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c) || c == '_')
        ? Code : null;

    /// <summary>Reads {error: {code, message, retry_after}}, {message} or {error: "..."}; empty where it is none of them. Pure.</summary>
    internal static SmartleadError Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                return s_none;
            }

            var error = root.TryGetProperty("error", out var inner) ? inner : default;
            return error.ValueKind == JsonValueKind.Object
                ? new SmartleadError(Text(error, "code"), Text(error, "message"), Wait(error) ?? Wait(root))
                : new SmartleadError(null, Text(root, "message") ?? Text(root, "error"), Wait(root));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return s_none;
        }
    }

    private static string? Text(JsonElement owner, string member) =>
        owner.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static TimeSpan? Wait(JsonElement owner) =>
        owner.TryGetProperty("retry_after", out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds)
            ? GrainInterfaces.Outbound.RetryAfter.Of(seconds)
            : null;
}
