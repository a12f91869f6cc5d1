using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Leases;
using LeadGrain.Grains.Idempotency;

namespace LeadGrain.Grains.Buffer;

/// <summary>What one commit of a namespace is to write, and who is to be answered after it.</summary>
internal sealed class PullRound(ClaimedNamespace? claimed)
{
    private readonly List<Grant> _grants = [];
    private List<Change>? _changes;
    private List<Pull>? _empty;
    private HashSet<string>? _served;
    private int _servedNoted;

    internal PullWrite Write { get; } = new(claimed?.OrganizationId ?? 0, claimed?.Id ?? 0, claimed?.Epoch ?? 0);

    /// <summary>The greatest id that it gave to a served or skipped lead; empty where it gave none.</summary>
    internal Guid LastId { get; set; }

    /// <summary>Leads handed out, for good or on lease.</summary>
    internal int Count => _grants.Count;

    /// <summary>Gives a lead to a pull for good.</summary>
    internal void Serve(Pull pull, ServedMark mark)
    {
        Write.Serve(mark);
        _grants.Add(new Grant(pull, mark.Lead, mark.Id, null));
    }

    /// <summary>Gives a lead to a pull on lease.</summary>
    /// <param name="pull">To whom.</param>
    /// <param name="mark">What.</param>
    /// <param name="lease">As the caller sees it.</param>
    internal void Lease(Pull pull, LeasedMark mark, Lease lease)
    {
        Write.Lease(mark);
        _grants.Add(new Grant(pull, mark.Lead, null, lease));
    }

    /// <summary>Whether a lease is acknowledged.</summary>
    internal bool Acknowledges { get; private set; }

    /// <summary>
    /// Whether its answers take a claim that is current, though it writes nothing: an activation that was superseded knows neither the
    /// leases that its successor gave nor the leads that wait there.
    /// </summary>
    internal bool MustBeCurrent { get; set; }

    /// <summary>Serves a lead for good whose lease is acknowledged.</summary>
    internal void Acknowledge(ServedMark mark)
    {
        Write.Serve(mark);
        Acknowledges = true;
    }

    /// <summary>Whether a lead with this email key is served for good so far.</summary>
    internal bool Serves(string emailKey)
    {
        // Noted when first asked for: rounds without leases never are.
        _served ??= new(StringComparer.Ordinal);
        for (; _servedNoted < Write.Served.Count; _servedNoted++)
        {
            _served.Add(EmailKey.Of(Write.Served[_servedNoted].Lead.Lead.Email));
        }

        return _served.Contains(emailKey);
    }

    /// <summary>Adds a change to be answered.</summary>
    internal void Add(Change change) => (_changes ??= []).Add(change);

    /// <summary>Adds a pull for which there is no lead, in no queue any more.</summary>
    internal void AddEmpty(Pull pull) => (_empty ??= []).Add(pull);

    /// <summary>Keeps the answer of a pull that has all its leads, if it has a key.</summary>
    internal void Keep(Pull pull)
    {
        if (pull.Command.Key is { } key)
        {
            var leads = _grants.FindAll(g => g.Pull == pull).ConvertAll(g => new KeptLead(g.Lead.Seq, g.ServedId, g.Lease));
            var answer = JsonSerializer.SerializeToUtf8Bytes(new KeptPull(leads), KeptAnswers.Default.KeptPull);
            Write.Keep(new KeptAnswer(KeyedRoute.Next, key, answer, pull.IsKept));
            pull.IsKept = true;
        }
    }

    /// <summary>
    /// The served marks of pulls that nobody can repeat. Those of pulls with a key are not among them, nor those of
    /// acknowledgements: a repeat finds the answer that the commit kept, if it went through.
    /// </summary>
    internal List<ServedMark> PulledWithoutKey()
    {
        var ids = _grants.Where(g => g.Pull.Command.Key is null).Select(g => g.ServedId).ToHashSet();
        return Write.Served.FindAll(m => ids.Contains(m.Id));
    }

    /// <summary>Answers everyone; pulls of which no lead is left are returned instead.</summary>
    /// <param name="missing">Leads that were not handed out after all, by seq.</param>
    internal List<Pull>? Answer(IReadOnlySet<long> missing)
    {
        List<Pull>? again = null;
        for (var i = 0; i < _grants.Count;)
        {
            var (first, pull) = (i, _grants[i].Pull);
            while (i < _grants.Count && _grants[i].Pull == pull)
            {
                i++;
            }

            var leads = Leads(first, i, missing);
            if (leads.IsEmpty)
            {
                (again ??= []).Add(pull);
            }
            else
            {
                pull.Answer(new PullOutcome.Served(leads));
            }
        }

        _empty?.ForEach(pull => pull.Answer(PullOutcome.Empty.Value));
        _changes?.ForEach(change => change.Complete(missing));
        return again;
    }

    /// <summary>Fails everyone who waits for this round.</summary>
    internal void Fail(Exception exception)
    {
        _grants.ForEach(g => g.Pull.Fail(exception));
        _empty?.ForEach(pull => pull.Fail(exception));
        _changes?.ForEach(change => change.Fail(exception));
    }

    private ImmutableArray<PulledLead> Leads(int first, int end, IReadOnlySet<long> missing)
    {
        var leads = new PulledLead[end - first];
        var count = 0;
        for (var i = first; i < end; i++)
        {
            var (_, lead, _, lease) = _grants[i];
            if (missing.Count == 0 || !missing.Contains(lead.Seq))
            {
                leads[count++] = new PulledLead(lead.Lead, lead.Origin, lease);
            }
        }

        return ImmutableCollectionsMarshal.AsImmutableArray(count == leads.Length ? leads : leads[..count]);
    }

    private readonly record struct Grant(Pull Pull, WaitingLead Lead, Guid? ServedId, Lease? Lease);
}
