using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.GrainInterfaces.Campaigns;

namespace LeadGrain.Gateway.Campaigns;

/// <summary>Writes campaigns.</summary>
internal static class CampaignAnswers
{
    internal static void WritePage(Utf8JsonWriter json, (CampaignPage Page, string? Next) answer)
    {
        json.WriteStartObject();
        json.WriteStartArray("campaigns"u8);
        foreach (var campaign in answer.Page.Campaigns)
        {
            Write(json, (campaign, null));
        }

        json.WriteEndArray();
        json.WriteString("next"u8, answer.Next);
        json.WriteEndObject();
    }

    internal static void Write(Utf8JsonWriter json, (Campaign Campaign, string? SigningSecret) answer)
    {
        var campaign = answer.Campaign;
        json.WriteStartObject();
        json.WriteString("id"u8, campaign.Id);
        json.WriteString("kind"u8, campaign.Settings.Kind);
        json.WriteString("state"u8, campaign.State switch
        {
            CampaignState.Active => "active"u8,
            CampaignState.Paused => "paused"u8,
            _ => "stopped"u8,
        });
        json.WriteString("stoppedFor"u8, campaign.StoppedFor);
        WriteSettings(json, campaign.Settings);
        json.WriteNumber("dailyCap"u8, campaign.Settings.Cap?.Daily);
        json.WriteString("timeZone"u8, campaign.Settings.Cap?.TimeZone);
        json.WriteStartObject("pushes"u8);
        json.WriteNumber("waiting"u8, campaign.Counts.Waiting);
        json.WriteNumber("sending"u8, campaign.Counts.Sending);
        json.WriteNumber("sent"u8, campaign.Counts.Sent);
        json.WriteNumber("dead"u8, campaign.Counts.Dead);
        json.WriteEndObject();
        json.WriteString("createdAt"u8, campaign.CreatedAt.UtcDateTime);
        json.WriteString("updatedAt"u8, campaign.UpdatedAt.UtcDateTime);
        if (answer.SigningSecret is { } secret)
        {
            json.WriteString("signingSecret"u8, secret);
        }

        json.WriteEndObject();
    }

    internal static void WriteSmartlead(Utf8JsonWriter json, SmartleadSettings settings)
    {
        json.WriteStartObject();
        json.WriteBoolean("ignoreGlobalBlockList"u8, settings.IgnoreGlobalBlockList);
        json.WriteBoolean("ignoreUnsubscribeList"u8, settings.IgnoreUnsubscribeList);
        json.WriteBoolean("ignoreCommunityBounceList"u8, settings.IgnoreCommunityBounceList);
        json.WriteBoolean("ignoreDuplicateLeadsInOtherCampaign"u8, settings.IgnoreDuplicateLeadsInOtherCampaign);
        json.WriteBoolean("returnLeadIds"u8, settings.ReturnLeadIds);
        json.WriteNumber("batchLimit"u8, settings.BatchLimit);
        json.WriteNumber("rateLimit"u8, settings.RateLimit);
        json.WriteNumber("rateWindow"u8, settings.RateWindow);
        json.WriteNumber("burstLimit"u8, settings.BurstLimit);
        json.WriteEndObject();
    }

    private static void WriteSettings(Utf8JsonWriter json, CampaignSettings settings)
    {
        switch (settings)
        {
            case CampaignSettings.Smartlead(var own, _):
                json.WritePropertyName("settings"u8);
                WriteSmartlead(json, own);
                break;
            case CampaignSettings.Webhook webhook:
                json.WriteString("url"u8, webhook.Url);
                json.WriteStartArray("retryDelays"u8);
                foreach (var delay in webhook.RetryDelays.IsDefault ? [] : webhook.RetryDelays)
                {
                    json.WriteNumberValue(delay);
                }

                json.WriteEndArray();
                break;
            case CampaignSettings.Namespace(var name, _):
                json.WriteString("namespace"u8, name);
                break;
        }
    }
}
