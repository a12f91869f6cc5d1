using Microsoft.Extensions.Logging;

namespace LeadGrain.Grains.Campaigns;

/// <summary>What the log says of pushes: how many and why. Whom they concern says the audit log.</summary>
internal sealed partial class CampaignGrain
{
    private void LogOutcome(string kind, IReadOnlyList<PushResult> outcomes)
    {
        var pushed = outcomes.Count(outcome => outcome is PushResult.Accepted or PushResult.AlreadyThere);
        if (pushed > 0)
        {
            LogPushed(pushed, kind, _key.CampaignId);
        }

        foreach (var failed in outcomes.Select(FailureOf).OfType<string>().CountBy(static why => why))
        {
            LogPushFailed(failed.Value, kind, _key.CampaignId, failed.Key);
        }
    }

    private static string? FailureOf(PushResult outcome) => outcome switch
    {
        PushResult.Refused refused => refused.Why,
        PushResult.Stop stop => stop.Why,
        PushResult.RetryAt { Asked: true } later => later.Why,
        _ => null,
    };

    [LoggerMessage(184, LogLevel.Information, "Pushed {Leads} leads to the {Kind} campaign {Campaign}")]
    private partial void LogPushed(int leads, string kind, string campaign);

    [LoggerMessage(185, LogLevel.Warning, "Failed to push {Leads} leads to the {Kind} campaign {Campaign}: {Reason}")]
    private partial void LogPushFailed(int leads, string kind, string campaign, string reason);

    [LoggerMessage(189, LogLevel.Error, "The {Kind} campaign {Campaign} could not be pushed to for {Cause}, which no target foresees; its leads are tried again")]
    private partial void LogTargetFailed(string kind, string campaign, string cause);

    [LoggerMessage(190, LogLevel.Warning, "The {Kind} campaign {Campaign} could not be pushed to for {Cause}; its leads go on in a moment")]
    private partial void LogNotAsked(string kind, string campaign, string cause);

    [LoggerMessage(182, LogLevel.Warning, "The campaign {Campaign} of {App}/{Org} was stopped until somebody acts: {Reason}")]
    private partial void LogStopped(string campaign, string app, string org, string reason);
}
