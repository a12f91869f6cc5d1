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

    private bool IsSuspect(WaitingLead lead)
        => _served > 0 && !_duplicates.Contains(lead.Seq)
            && ((!_servedSet.IsComplete && !_lookedUp.Contains(lead.Seq)) || _servedSet.Contains(ServedSet.Hash(EmailKey.Of(lead.Lead.Email))));

    private async Task LookUpAsync()
    {
        var suspects = _window.Leads.Concat(_held.Waiting).Where(IsSuspect).ToLookup(
            lead => EmailKey.Of(lead.Lead.Email), lead => lead.Seq, StringComparer.Ordinal);
        if (!_servedSet.IsComplete)
        {
            _lookedUp.UnionWith(suspects.SelectMany(seqs => seqs));
        }

        var served = await store.FindServedAsync(_claimed!.Id, [.. suspects.Select(seqs => seqs.Key)]);
        _duplicates.UnionWith(served.SelectMany(key => suspects[key]));
    }

    private void Forget(long seq)
    {
        _duplicates.Remove(seq);
        _lookedUp.Remove(seq);
    }
}
