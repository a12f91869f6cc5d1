using System.IO.Hashing;
using System.Text;

namespace LeadGrain.Grains.Buffer;

/// <summary>
/// The emails that a namespace has served, as 64-bit hashes: an email that is not in it was not served; one that is in it
/// most likely was, and the database tells. An open-addressing table, at most 28 bytes a lead while it grows and 18 after.
/// </summary>
internal sealed class ServedSet(ServedSetBudget budget)
{
    private const int FirstSlots = 16;
    private const double MaxLoad = 0.875;

    // Zero marks a free slot; a hash that is zero is kept as one.
    private ulong[] _slots = [];
    private int _count;

    /// <summary>Whether it knows all that was served. It may then say that an email was not.</summary>
    internal bool IsComplete { get; private set; }

    /// <summary>Whether there was no room for it in the budget; it stays empty.</summary>
    internal bool IsAbandoned { get; private set; }

    /// <summary>Hashes an email key.</summary>
    internal static ulong Hash(string emailKey)
    {
        Span<byte> bytes = stackalloc byte[1024];
        return Encoding.UTF8.TryGetBytes(emailKey, bytes, out var length)
            ? Hash(bytes[..length])
            : Hash(Encoding.UTF8.GetBytes(emailKey));
    }

    /// <summary>Hashes an email key's UTF-8.</summary>
    internal static ulong Hash(ReadOnlySpan<byte> emailKey) => Math.Max(XxHash3.HashToUInt64(emailKey), 1);

    /// <summary>Says that nothing was served before what was added.</summary>
    internal void Complete() => IsComplete = !IsAbandoned;

    /// <summary>Makes room for this many in all.</summary>
    internal void Reserve(long count)
    {
        var slots = (long)FirstSlots;
        while (slots * MaxLoad < count)
        {
            slots *= 2;
        }

        if (slots > _slots.Length)
        {
            Grow(slots);
        }
    }

    /// <summary>Adds an email's hash; false where it was there.</summary>
    internal bool Add(ulong hash)
    {
        if (IsAbandoned)
        {
            return true;
        }

        if (_count >= (int)(_slots.Length * MaxLoad))
        {
            Grow(Math.Max(FirstSlots, 2L * _slots.Length));
            if (IsAbandoned)
            {
                return true;
            }
        }

        return Insert(_slots, hash) && ++_count > 0;
    }

    /// <summary>Whether an email's hash is there.</summary>
    internal bool Contains(ulong hash) => _slots.Length > 0 && _slots[Find(_slots, hash)] == hash;

    /// <summary>Gives its room back; it is not to be used any more.</summary>
    internal void Abandon()
    {
        budget.Return(_slots.Length);
        (_slots, _count, IsAbandoned, IsComplete) = ([], 0, true, false);
    }

    private void Grow(long slots)
    {
        if (slots > Array.MaxLength || !budget.TryTake(slots))
        {
            Abandon();
            return;
        }

        var grown = new ulong[slots];
        foreach (var hash in _slots)
        {
            if (hash != 0)
            {
                Insert(grown, hash);
            }
        }

        budget.Return(_slots.Length);
        _slots = grown;
    }

    private static bool Insert(ulong[] slots, ulong hash)
    {
        var at = Find(slots, hash);
        var isNew = slots[at] == 0;
        slots[at] = hash;
        return isNew;
    }

    private static int Find(ulong[] slots, ulong hash)
    {
        var mask = slots.Length - 1;
        var at = (int)(hash & (uint)mask);
        while (slots[at] != 0 && slots[at] != hash)
        {
            at = (at + 1) & mask;
        }

        return at;
    }
}
