using System.Collections.Immutable;
using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.GrainInterfaces.Outbound;

namespace LeadGrain.Gateway.Campaigns;

/// <summary>Campaigns as read from bodies.</summary>
internal static class CampaignInput
{
    private const int MaxUrl = 2_048;
    private const int MaxDelays = 30;

    // A week: longer is no retry any more.
    private const int LongestDelay = 7 * 24 * 3_600;

    internal static Parsed<CampaignSettings> Read(JsonElement root, bool allowInsecure)
    {
        var members = new MemberReader(root);
        var kind = members.RequiredName("kind"u8);
        if (members.Problem is { } problem || ReadCap(members).Failed(out problem, out var cap))
        {
            return problem;
        }

        return ReadKind(kind, members, allowInsecure).Failed(out problem, out var read) ? problem
            : cap.Daily == 0 ? read
            : read with { Cap = cap };
    }

    // A cap of 0 stands for none.
    private static Parsed<CampaignCap> ReadCap(MemberReader members)
    {
        var daily = members.OptionalInteger("dailyCap"u8, 1, 1_000_000_000);
        var zone = members.OptionalText("timeZone"u8);
        return members.Problem is { } problem ? problem
            : zone is not null && !TimeZones.IsIana(zone)
                ? Problem.InvalidMember("timeZone", "must be an IANA time zone, such as Europe/Berlin.")
                : new CampaignCap(daily ?? 0, zone);
    }

    private static Parsed<CampaignSettings> ReadKind(string kind, MemberReader members, bool allowInsecure)
    {
        switch (kind)
        {
            case "smartlead":
                var own = members.OptionalObject("settings"u8);
                var settings = own.ValueKind == JsonValueKind.Object ? ReadSmartlead(own) : new SmartleadSettings();
                members.Keep(settings.Problem);
                return members.Problem is { } wrong || settings.Failed(out wrong, out var read) ? wrong : new CampaignSettings.Smartlead(read);
            case "webhook":
                return ReadWebhook(members, allowInsecure);
            case "namespace":
                var name = members.RequiredName("namespace"u8);
                return members.Problem is { } missing ? missing : new CampaignSettings.Namespace(name);
            default:
                return Problem.InvalidMember("kind", "must be smartlead, webhook or namespace.");
        }
    }

    internal static Parsed<SmartleadSettings> ReadSmartlead(JsonElement root)
    {
        var members = new MemberReader(root);
        var settings = new SmartleadSettings(
            members.OptionalBoolean("ignoreGlobalBlockList"u8),
            members.OptionalBoolean("ignoreUnsubscribeList"u8),
            members.OptionalBoolean("ignoreCommunityBounceList"u8),
            members.OptionalBoolean("ignoreDuplicateLeadsInOtherCampaign"u8),
            members.OptionalBoolean("returnLeadIds"u8),
            members.OptionalInteger("batchLimit"u8, 1, 400),
            members.OptionalInteger("rateLimit"u8, 1, 1_000),
            members.OptionalInteger("rateWindow"u8, 1, 3_600),
            members.OptionalInteger("burstLimit"u8, 1, 1_000));
        return members.Problem is { } problem ? problem : settings;
    }

    internal static Parsed<RetryInput> ReadRetry(JsonElement root)
    {
        var members = new MemberReader(root);
        var ids = members.OptionalIds("leadIds"u8, RetryInput.MaxIds);
        var all = members.OptionalTrue("all"u8);
        if (members.Problem is { } problem)
        {
            return problem;
        }

        return (ids.IsDefault, all) switch
        {
            (true, true) => new RetryInput(null),
            (false, false) => new RetryInput(ids),
            (false, true) => Problem.InvalidMember("all", "must not be given together with leadIds."),
            (true, false) => Problem.MissingMember("leadIds") with { Detail = "leadIds is required, or all: true." },
        };
    }

    private static Parsed<CampaignSettings> ReadWebhook(MemberReader members, bool allowInsecure)
    {
        var url = members.RequiredName("url"u8, MaxUrl);
        var delays = members.OptionalIntegers("retryDelays"u8, MaxDelays, 0, LongestDelay);
        if (members.Problem is { } problem)
        {
            return problem;
        }

        if (OutboundAddress.Refusal("url", url, allowInsecure) is not null)
        {
            return Problem.InvalidMember("url", "must be an https address, or one of this machine.");
        }

        return new Uri(url).UserInfo.Length > 0
            ? Problem.InvalidMember("url", "must not hold a user or password.")
            : new CampaignSettings.Webhook(url, delays.IsDefault ? [] : delays);
    }
}

/// <summary>Which pushes to make due.</summary>
/// <param name="LeadIds">Null for all.</param>
internal sealed record RetryInput(ImmutableArray<Guid>? LeadIds)
{
    internal const int MaxIds = 1_000;
}
