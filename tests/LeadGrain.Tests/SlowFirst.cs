using LeadGrain.Tests.Buffer;
using LeadGrain.Tests.Campaigns;
using LeadGrain.Tests.Ingestion;
using LeadGrain.Tests.Postgres;
using LeadGrain.Tests.Routing;
using Xunit.Abstractions;

[assembly: TestCollectionOrderer($"{nameof(LeadGrain)}.{nameof(LeadGrain.Tests)}.{nameof(LeadGrain.Tests.SlowFirst)}", "LeadGrain.Tests")]

namespace LeadGrain.Tests;

/// <summary>Starts the classes that take longest first, so that a run does not end with waiting for one of them.</summary>
public sealed class SlowFirst : ITestCollectionOrderer
{
    // On Orleans a reminder comes no sooner than after a minute.
    private static readonly Type[] s_slow =
    [
        typeof(NamespaceSweepTests), typeof(ModelTests), typeof(LocalPostgresTests), typeof(KeptPostTests), typeof(CampaignGrainTests),
    ];

    /// <inheritdoc/>
    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections)
        => testCollections.OrderBy(collection => Array.FindIndex(
            s_slow, slow => collection.DisplayName.EndsWith(slow.FullName!, StringComparison.Ordinal)) is >= 0 and var n ? n : s_slow.Length);
}
