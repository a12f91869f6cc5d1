using System.Runtime.CompilerServices;
using LeadGrain.Silo;
using Orleans.Runtime.Messaging;

namespace LeadGrain.Tests.OrleansHost;

public sealed class ClusterFaultsTests
{
    // Only Orleans makes one.
    private static readonly Exception s_rejection = (Exception)RuntimeHelpers.GetUninitializedObject(typeof(OrleansMessageRejectionException));

    private readonly ClusterFaults _faults = new();

    [Fact]
    public void A_call_that_was_turned_away_before_any_grain_can_be_repeated()
        => Assert.All<Exception>(
            [
                new GatewayTooBusyException(), new ConnectionFailedException("No way there."), s_rejection,
                new OrleansException("No active nodes are compatible with grain namespace and interface INamespaceGrain version 0."),
            ],
            fault => Assert.Equal((true, false), (_faults.NothingWasDone(fault), _faults.OutcomeIsUnknown(fault))));

    [Fact]
    public void A_call_that_was_lost_with_its_silo_must_not_be_repeated()
        => Assert.All<Exception>(
            [new SiloUnavailableException("Lost."), new TimeoutException()],
            fault => Assert.Equal((false, true), (_faults.NothingWasDone(fault), _faults.OutcomeIsUnknown(fault))));

    [Fact]
    public void What_the_host_could_not_read_for_a_grain_is_its_storages_fault()
    {
        Assert.True(_faults.StorageFailed(new OrleansException("Error from storage provider AdoNetGrainStorage.breaker during ReadStateAsync for grain x")));
        Assert.False(_faults.StorageFailed(new OrleansException("Something else.")));
    }

    [Fact]
    public void A_bug_is_neither()
        => Assert.Equal((false, false), (_faults.NothingWasDone(new InvalidOperationException()), _faults.OutcomeIsUnknown(new InvalidOperationException())));
}
