using LeadGrain.Gateway.Calls;
using Orleans.Runtime.Messaging;

namespace LeadGrain.Silo;

/// <summary>What Orleans throws of its own accord.</summary>
internal sealed class ClusterFaults : IHostFaults
{
    /// <summary>
    /// A rejection comes from before the grain: no connection, a busy gateway, a silo that stops, no silo to place it on. Only the exact type says so:
    /// the derived <see cref="SiloUnavailableException"/> also stands for a silo that was lost with the call under way.
    /// </summary>
    public bool NothingWasDone(Exception exception)
        => exception is GatewayTooBusyException or ConnectionFailedException
            || exception.GetType() == typeof(OrleansMessageRejectionException)
            || IsUnplaced(exception);

    public bool OutcomeIsUnknown(Exception exception) => exception is SiloUnavailableException or TimeoutException;

    public bool StorageFailed(Exception exception) => Says(exception, "Error from storage provider");

    // A silo that has woken up to find itself declared dead knows no silo for any grain.
    private static bool IsUnplaced(Exception exception) => Says(exception, "No active nodes are compatible");

    // Of these two there is no type, only the words.
    private static bool Says(Exception exception, string words)
        => exception.GetType() == typeof(OrleansException) && exception.Message.StartsWith(words, StringComparison.Ordinal);
}
