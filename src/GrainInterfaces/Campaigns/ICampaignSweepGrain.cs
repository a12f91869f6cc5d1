namespace LeadGrain.GrainInterfaces.Campaigns;

/// <summary>Wakes campaigns that have something to push and do not know it: after a crash or a restart, or hours later. There is one.</summary>
public interface ICampaignSweepGrain : IGrainWithStringKey
{
    /// <summary>Its only key.</summary>
    const string Key = "all";

    /// <summary>Begins to look now and then, and goes on after restarts by a reminder.</summary>
    Task StartAsync(CancellationToken cancellationToken);
}
