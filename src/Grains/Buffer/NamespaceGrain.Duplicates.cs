using LeadGrain.GrainInterfaces.Buffer;

namespace LeadGrain.Grains.Buffer;

/// <summary>
/// Leads that wait though their email was served meanwhile by another lead. The commit would tell of each when it is pulled; they
/// are looked up before, all that memory holds at once, so that a list that was pushed twice is passed over by the thousand.
/// </summary>
internal sealed partial class NamespaceGrain
{
    // By seq, of leads in memory: those whose email was served, and those looked up because the served set could not tell.
    private readonly HashSet<long> _duplicates = [];
    private readonly HashSet<long> _lookedUp = [];

    // Whether a commit told of one, and what was looked up since had some.
    private bool _manyDuplicates;

    // While the served set cannot tell, looking up every lead would cost more than the few duplicates that there usually are; but
    // they would leave a pull of many short.
    private bool IsSuspect(WaitingLead lead, Pull pull) => IsSuspect(lead, orUnknown: _manyDuplicates || pull.Command.Count > 1);

    private bool IsSuspect(WaitingLead lead, bool orUnknown)
        => _served > 0 && !_duplicates.Contains(lead.Seq)
            && ((orUnknown && !_servedSet.IsComplete && !_lookedUp.Contains(lead.Seq))
                || _servedSet.Contains(ServedSet.Hash(EmailKey.Of(lead.Lead.Email))));

    private async Task LookUpAsync()
    {
        var suspects = _window.Leads.Concat(_held.Waiting).Where(lead => IsSuspect(lead, orUnknown: true)).ToLookup(
            lead => EmailKey.Of(lead.Lead.Email), lead => lead.Seq, StringComparer.Ordinal);
        if (!_servedSet.IsComplete)
        {
            _lookedUp.UnionWith(suspects.SelectMany(seqs => seqs));
        }

        var served = await store.FindServedAsync(_claimed!, [.. suspects.Select(seqs => seqs.Key)]);
        _duplicates.UnionWith(served.SelectMany(key => suspects[key]));
        _manyDuplicates = served.Count > 0;
    }

    private void Forget(long seq)
    {
        _duplicates.Remove(seq);
        _lookedUp.Remove(seq);
    }
}
