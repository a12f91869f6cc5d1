using System.Diagnostics.CodeAnalysis;

namespace LeadGrain.Grains.Storage;

/// <summary>A queue in which parties take turns: in order within a party, one item of each party after the other.</summary>
internal sealed class FairQueue<TParty, TItem>
    where TParty : notnull
{
    private readonly Dictionary<TParty, Queue<TItem>> _items = [];
    private readonly Queue<(TParty Party, Queue<TItem> Items)> _turns = new();

    internal int Count { get; private set; }

    internal void Enqueue(TParty party, TItem item)
    {
        if (!_items.TryGetValue(party, out var items))
        {
            _items[party] = items = new Queue<TItem>();
            _turns.Enqueue((party, items));
        }

        items.Enqueue(item);
        Count++;
    }

    internal bool TryPeek([MaybeNullWhen(false)] out TItem item)
    {
        item = default;
        return _turns.TryPeek(out var turn) && turn.Items.TryPeek(out item);
    }

    internal TItem Dequeue()
    {
        var turn = _turns.Dequeue();
        var item = turn.Items.Dequeue();
        Count--;
        if (turn.Items.Count > 0)
        {
            _turns.Enqueue(turn);
        }
        else
        {
            _items.Remove(turn.Party);
        }

        return item;
    }
}
