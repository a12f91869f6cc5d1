using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Buffer;

/// <summary>How much memory the waiting leads of all namespaces of the process may take together.</summary>
internal sealed class WaitingBudget(IOptions<BufferOptions> options)
{
    private long _left = options.Value.WaitingBytes;

    /// <summary>What is left, in bytes; less than nothing where pulls needed more.</summary>
    internal long Left => Volatile.Read(ref _left);

    /// <summary>Takes so many bytes; gives them back where they are less than nothing.</summary>
    internal void Take(long bytes) => Interlocked.Add(ref _left, -bytes);
}
