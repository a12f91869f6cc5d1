using System.Collections.Concurrent;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.Grains.Campaigns;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Campaigns;

/// <summary>A target that throws what no target should: its lead waits or is dead in the end, and those beside it are recorded.</summary>
public sealed class TargetFailureTests
{
    [Fact]
    public async Task What_no_target_foresees_costs_its_lead_attempts_and_not_the_campaign()
    {
        var target = new ThrowingTarget(_ => new UriFormatException("of https://secret.example"));
        await using var rig = await StartAsync(target);

        var bad = await PushAllAsync(rig);

        await rig.EventuallyAsync("1", "select count(*) from campaign_pushes where state = 'dead'");
        await rig.EventuallyAsync("7", "select sent_count from campaigns");
        Assert.Equal("DEAD dead 3 the target failed; that was the last of 3 attempts", await rig.StateAsync(bad));
        Assert.Equal(Asked(bad: 3), target.Asked);
        Assert.Contains(rig.Log.Lines, line => line.Contains(nameof(UriFormatException), StringComparison.Ordinal));
        Assert.DoesNotContain(rig.Log.Lines, line => line.Contains("secret.example", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_post_that_the_database_kept_from_being_made_goes_on_and_those_beside_it_are_recorded()
    {
        var target = new ThrowingTarget(asked => asked == 1 ? new StorageUnavailableException("away") : null);
        await using var rig = await StartAsync(target);

        var bad = await PushAllAsync(rig);

        await rig.EventuallyAsync("8", "select count(*) from campaign_pushes where state = 'sent'");
        Assert.Equal("ACTIVE sent 1", await rig.StateAsync(bad));
        Assert.Equal(Asked(bad: 2), target.Asked);
    }

    private static async Task<CampaignRig> StartAsync(ThrowingTarget target)
    {
        var rig = await CampaignRig.StartAsync();
        await rig.RestartAsync(
            builder =>
            {
                builder.Services.Remove(builder.Services.Single(service => service.ImplementationType == typeof(WebhookTarget)));
                builder.Services.AddSingleton<ICampaignTarget>(target);
            },
            "select 1");
        await rig.PutWebhookAsync("https://x.example", 0, 0);
        return rig;
    }

    private static async Task<Guid> PushAllAsync(CampaignRig rig)
    {
        var ids = await rig.AddLeadsAsync("hook", [ThrowingTarget.Bad, .. Enumerable.Range(1, 7).Select(n => $"{n}@x.example")]);
        await rig.Campaign("hook").WakeAsync(CancellationToken.None);
        return ids[0];
    }

    private static Dictionary<string, int> Asked(int bad) => new(
        Enumerable.Range(1, 7).Select(n => KeyValuePair.Create($"{n}@x.example", 1)).Append(KeyValuePair.Create(ThrowingTarget.Bad, bad)));

    private sealed class ThrowingTarget(Func<int, Exception?> fault) : ICampaignTarget
    {
        internal const string Bad = "bad@x.example";

        internal ConcurrentDictionary<string, int> Asked { get; } = new();

        public string Kind => "webhook";

        public int RequestsAtOnce => 8;

        public int BatchLimit(PushOrder order) => 1;

        public Task<PushResult[]> PushAsync(PushOrder order, IReadOnlyList<OutboundLead> leads, CancellationToken cancellationToken)
        {
            var email = leads.Single().Email;
            var asked = Asked.AddOrUpdate(email, 1, static (_, count) => count + 1);
            return email == Bad && fault(asked) is { } thrown
                ? Task.FromException<PushResult[]>(thrown)
                : Task.FromResult<PushResult[]>([new PushResult.Accepted()]);
        }
    }
}
