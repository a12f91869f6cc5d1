using LeadGrain.Tests.Buffer;
using LeadGrain.Tests.Campaigns;
using LeadGrain.Tests.Ingestion;
using LeadGrain.Tests.Postgres;
using LeadGrain.Tests.Routing;

[assembly: TestCollectionOrderer("LeadGrain.Tests.SlowFirst", "LeadGrain.Tests")]

namespace LeadGrain.Tests;

/// <summary>The classes that take longest, the slowest first.</summary>
internal static class SlowTests
{
    // On Orleans a reminder comes no sooner than after a minute.
    internal static readonly Type[] Classes =
    [
        typeof(NamespaceSweepTests), typeof(ModelTests), typeof(LocalPostgresTests), typeof(KeptPostTests), typeof(CampaignGrainTests),
    ];
}
