using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Buffer;

/// <summary>How much memory all served sets of the process may take together.</summary>
internal sealed class ServedSetBudget(IOptions<BufferOptions> options)
{
    private long _left = options.Value.ServedSetBytes / sizeof(ulong);

    /// <summary>Takes room for so many hashes, if there is as much.</summary>
    internal bool TryTake(long hashes)
    {
        if (Interlocked.Add(ref _left, -hashes) >= 0)
        {
            return true;
        }

        Interlocked.Add(ref _left, hashes);
        return false;
    }

    /// <summary>Gives room back.</summary>
    internal void Return(long hashes) => Interlocked.Add(ref _left, hashes);
}
