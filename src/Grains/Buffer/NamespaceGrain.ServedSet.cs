using LeadGrain.GrainInterfaces.Faults;

namespace LeadGrain.Grains.Buffer;

/// <summary>The served set in memory: read once the namespace proves busy, so that a lone call never reads the history.</summary>
internal sealed partial class NamespaceGrain
{
    // A few times the work of one call; a campaign gets there within a second.
    private const int BusyAfter = 256;

    // Added in one turn: a millisecond or two, in which nobody is answered.
    private const int AddedAtOnce = 20_000;

    private int _handled;
    private bool _readingServedSet;

    /// <summary>Counts leads handled, and reads the served set in the background when they are enough.</summary>
    private void NoteHandled(int handled)
    {
        _handled += handled;
        if (_handled >= BusyAfter && !_servedSet.IsComplete && !_servedSet.IsAbandoned && !_readingServedSet)
        {
            _readingServedSet = true;
            _ = ApartFromCaller(ReadServedSetAsync);
        }
    }

    private void Add(List<ulong> hashes, int from)
    {
        for (var i = from; i < Math.Min(from + AddedAtOnce, hashes.Count); i++)
        {
            _servedSet.Add(hashes[i]);
        }
    }

    // What is served while this reads is added by its commits, and what was committed before is in what this reads.
    private async Task ReadServedSetAsync()
    {
        try
        {
            _servedSet.Reserve(_served + (_served / 4));
            if (_servedSet.IsAbandoned)
            {
                return;
            }

            var id = _claimed!.Id;
            var hashes = await Task.Run(() => store.ReadServedHashesAsync(id));
            for (var from = 0; from < hashes.Count; from += AddedAtOnce)
            {
                Add(hashes, from);
                await Task.Yield();
            }

            _servedSet.Complete();
        }
        catch (StorageUnavailableException)
        {
            // The next commit fails too and ends the activation; until then the database is asked.
            _handled = 0;
        }
        finally
        {
            _readingServedSet = false;
        }
    }
}
