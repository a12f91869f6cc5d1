using LeadGrain.CrashTests.Campaigns;
using LeadGrain.CrashTests.Ingestion;
using LeadGrain.CrashTests.Postgres;

[assembly: TestCollectionOrderer("LeadGrain.Tests.SlowFirst", "LeadGrain.CrashTests")]

namespace LeadGrain.Tests;

/// <summary>The classes that take longest, the slowest first.</summary>
internal static class SlowTests
{
    internal static readonly Type[] Classes =
    [
        typeof(PromotedStandbyTests), typeof(ZeroLossTests), typeof(KilledPushTests), typeof(ServerFaultTests), typeof(DatabaseOutageTests),
    ];
}
