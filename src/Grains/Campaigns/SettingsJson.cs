using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using LeadGrain.GrainInterfaces.Campaigns;

namespace LeadGrain.Grains.Campaigns;

/// <summary>Settings as they are kept.</summary>
internal static class SettingsJson
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    internal static byte[] Write(SmartleadSettings settings) => JsonSerializer.SerializeToUtf8Bytes(settings, s_options);

    internal static byte[] Write(CampaignSettings settings) => settings switch
    {
        CampaignSettings.Smartlead(var own) => Write(own),
        CampaignSettings.Webhook webhook => JsonSerializer.SerializeToUtf8Bytes(
            new WebhookRow(webhook.Url, webhook.RetryDelays.IsDefaultOrEmpty ? null : [.. webhook.RetryDelays]), s_options),
        CampaignSettings.Namespace(var name) => JsonSerializer.SerializeToUtf8Bytes(new NamespaceRow(name), s_options),
        _ => throw new InvalidOperationException($"No such kind: {settings.Kind}."),
    };

    internal static SmartleadSettings ReadSmartlead(string? json) =>
        json is null ? new SmartleadSettings() : JsonSerializer.Deserialize<SmartleadSettings>(json, s_options)!;

    internal static CampaignSettings Read(string kind, string json)
    {
        switch (kind)
        {
            case "smartlead":
                return new CampaignSettings.Smartlead(ReadSmartlead(json));
            case "webhook":
                var webhook = JsonSerializer.Deserialize<WebhookRow>(json, s_options)!;
                return new CampaignSettings.Webhook(webhook.Url, webhook.RetryDelays is { } delays ? [.. delays] : ImmutableArray<int>.Empty);
            default:
                return new CampaignSettings.Namespace(JsonSerializer.Deserialize<NamespaceRow>(json, s_options)!.Namespace);
        }
    }

    private sealed record WebhookRow(string Url, int[]? RetryDelays);

    private sealed record NamespaceRow(string Namespace);
}
