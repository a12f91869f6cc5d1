using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
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

    internal static byte[] Write(CampaignSettings settings) => JsonSerializer.SerializeToUtf8Bytes(Row(settings), s_options);

    /// <summary>As the audit log tells them: with the kind.</summary>
    internal static byte[] Audited(CampaignSettings settings)
    {
        var row = Row(settings);
        row.Insert(0, "kind", settings.Kind);
        return JsonSerializer.SerializeToUtf8Bytes(row, s_options);
    }

    private static JsonObject Row(CampaignSettings settings)
    {
        var row = settings switch
        {
            CampaignSettings.Smartlead(var own, _) => JsonSerializer.SerializeToNode(own, s_options)!.AsObject(),
            CampaignSettings.Webhook webhook => JsonSerializer.SerializeToNode(
                new WebhookRow(webhook.Url, webhook.RetryDelays.IsDefaultOrEmpty ? null : [.. webhook.RetryDelays]), s_options)!.AsObject(),
            CampaignSettings.Namespace(var name, _) => JsonSerializer.SerializeToNode(new NamespaceRow(name), s_options)!.AsObject(),
            _ => throw new InvalidOperationException($"No such kind: {settings.Kind}."),
        };
        if (settings.Cap is { } cap)
        {
            (row["dailyCap"], row["timeZone"]) = (cap.Daily, cap.TimeZone);
        }

        return row;
    }

    internal static SmartleadSettings ReadSmartlead(string? json) =>
        json is null ? new SmartleadSettings() : JsonSerializer.Deserialize<SmartleadSettings>(json, s_options)!;

    internal static CampaignSettings Read(string kind, string json)
    {
        var cap = JsonSerializer.Deserialize<CapRow>(json, s_options) is { DailyCap: { } daily } row ? new CampaignCap(daily, row.TimeZone) : null;
        switch (kind)
        {
            case "smartlead":
                return new CampaignSettings.Smartlead(ReadSmartlead(json), cap);
            case "webhook":
                var webhook = JsonSerializer.Deserialize<WebhookRow>(json, s_options)!;
                return new CampaignSettings.Webhook(webhook.Url, webhook.RetryDelays is { } delays ? [.. delays] : ImmutableArray<int>.Empty, cap);
            default:
                return new CampaignSettings.Namespace(JsonSerializer.Deserialize<NamespaceRow>(json, s_options)!.Namespace, cap);
        }
    }

    private sealed record CapRow(int? DailyCap, string? TimeZone);

    private sealed record WebhookRow(string Url, int[]? RetryDelays);

    private sealed record NamespaceRow(string Namespace);
}
