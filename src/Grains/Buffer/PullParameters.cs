using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.Grains.Idempotency;
using LeadGrain.Grains.Leases;
using LeadGrain.Grains.Storage;
using Npgsql;
using NpgsqlTypes;

namespace LeadGrain.Grains.Buffer;

/// <summary>Binds the parameters of a <see cref="PullStatement"/>: columns over the rows of all writes.</summary>
internal static class PullParameters
{
    /// <summary>The parts that these writes need.</summary>
    internal static PullParts Parts(IReadOnlyList<PullWrite> writes)
    {
        var parts = PullParts.None;
        foreach (var write in writes)
        {
            parts |= (write.Served.Count > 0 ? PullParts.Served : 0)
                | (write.Careful ? PullParts.Careful : 0)
                | (write.Leased.Count > 0 ? PullParts.Leased : 0)
                | (write.Skipped.Count > 0 ? PullParts.Skipped : 0)
                | (write.Deaths.Count > 0 ? PullParts.Dead : 0)
                | (write.Revived.Count > 0 ? PullParts.Revived : 0);
            foreach (var (_, state) in write.Held)
            {
                parts |= state is null ? PullParts.Unheld : PullParts.Held;
            }

            foreach (var answer in write.Answers)
            {
                parts |= answer.Replaces ? PullParts.ReplacedAnswers : PullParts.Answers;
            }
        }

        return parts;
    }

    /// <summary>Binds all of a statement's parameters.</summary>
    internal static void Bind(NpgsqlCommand command, IReadOnlyList<PullWrite> writes, PullParts parts, DateTime now)
    {
        BindFence(command, writes, static w => w.NamespaceId, static w => w.Epoch);
        if (parts.HasFlag(PullParts.Served))
        {
            BindServed(command, writes);
        }

        if (parts.HasFlag(PullParts.Leased))
        {
            BindLeased(command, writes);
        }

        if (parts.HasFlag(PullParts.Skipped))
        {
            var rows = Rows(writes, static w => w.Skipped);
            command.Bind(Owners(rows), Column(rows, static s => s.Seq), Column(rows, static s => s.Id), now);
        }

        BindHeld(command, writes, parts);
        BindDead(command, writes, parts);
        var answers = Rows(writes, static w => w.Answers);
        if (parts.HasFlag(PullParts.Answers))
        {
            BindAnswers(command, answers.FindAll(static a => !a.Row.Replaces), now);
        }

        if (parts.HasFlag(PullParts.ReplacedAnswers))
        {
            BindAnswers(command, answers.FindAll(static a => a.Row.Replaces), now);
        }
    }

    /// <summary>Binds whose writes these are, by number from 1.</summary>
    internal static void BindFence<TWrite>(
        NpgsqlCommand command, IReadOnlyList<TWrite> writes, Func<TWrite, long> id, Func<TWrite, long> epoch)
        => command.Bind(writes.Select(id).ToArray(), writes.Select(epoch).ToArray());

    /// <summary>Binds answers to keep.</summary>
    internal static void BindAnswers(NpgsqlCommand command, List<(long Owner, KeptAnswer Row)> answers, DateTime now)
    {
        command.Bind(
            Owners(answers),
            Column(answers, static a => (short)a.Route),
            Column(answers, static a => a.Key.Key),
            Column(answers, static a => a.Key.Body));
        command.Parameters.Add(CommandParameters.Json(Column(answers, static a => a.Answer)));
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = now });
    }

    /// <summary>The rows of all writes, each with the number of its write from 1.</summary>
    internal static List<(long Owner, TRow Row)> Rows<TWrite, TRow>(
        IReadOnlyList<TWrite> writes, Func<TWrite, IEnumerable<TRow>> rows)
    {
        var all = new List<(long, TRow)>();
        for (var i = 0; i < writes.Count; i++)
        {
            foreach (var row in rows(writes[i]))
            {
                all.Add((i + 1, row));
            }
        }

        return all;
    }

    /// <summary>A column of texts, as their bytes.</summary>
    internal static NpgsqlParameter Texts(byte[]?[] values) => new() { Value = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };

    // The hot one: plain loops over exact arrays.
    private static void BindServed(NpgsqlCommand command, IReadOnlyList<PullWrite> writes)
    {
        var count = 0;
        foreach (var write in writes)
        {
            count += write.Served.Count;
        }

        var (owners, ids, seqs, origins) = (new long[count], new Guid[count], new long[count], new long[count]);
        var (times, keys, at) = (new DateTime[count], new string[count], 0);
        for (var i = 0; i < writes.Count; i++)
        {
            foreach (var mark in writes[i].Served)
            {
                (owners[at], ids[at], seqs[at], origins[at]) = (i + 1, mark.Id, mark.Lead.Seq, mark.Lead.OriginId);
                (times[at], keys[at]) = (mark.At.UtcDateTime, EmailKey.Of(mark.Lead.Lead.Email));
                at++;
            }
        }

        command.Bind(owners, ids, seqs, origins, times, keys);
    }

    private static void BindLeased(NpgsqlCommand command, IReadOnlyList<PullWrite> writes)
    {
        var rows = Rows(writes, static w => w.Leased);
        command.Bind(
            Owners(rows),
            Column(rows, static l => l.Lead.Place.Rank),
            Column(rows, static l => l.Lead.Seq));
        BindStates(command, rows.ConvertAll(static r => r.Row.State));

        // One parameter: an array of strings alone would be taken for the list of parameters.
        command.Bind((object)Column(rows, static l => EmailKey.Of(l.Lead.Lead.Email)));
    }

    private static void BindHeld(NpgsqlCommand command, IReadOnlyList<PullWrite> writes, PullParts parts)
    {
        var rows = Rows(writes, static w => w.Held);
        if (parts.HasFlag(PullParts.Held))
        {
            var held = rows.FindAll(static r => r.Row.Value is not null);
            command.Bind(Owners(held), Column(held, static h => h.Key.Rank), Column(held, static h => h.Key.Seq));
            BindStates(command, held.ConvertAll(static h => h.Row.Value!));
        }

        if (parts.HasFlag(PullParts.Unheld))
        {
            var unheld = rows.FindAll(static r => r.Row.Value is null);
            command.Bind(Owners(unheld), Column(unheld, static h => h.Key.Rank), Column(unheld, static h => h.Key.Seq));
        }
    }

    private static void BindStates(NpgsqlCommand command, List<HeldState> states)
    {
        command.Bind(
            states.ConvertAll(static s => s.Attempts).ToArray(),
            states.ConvertAll(static s => s.LeaseId).ToArray(),
            states.ConvertAll(static s => s.HeldFor).ToArray());
    }

    private static void BindDead(NpgsqlCommand command, IReadOnlyList<PullWrite> writes, PullParts parts)
    {
        if (parts.HasFlag(PullParts.Dead))
        {
            var deaths = Rows(writes, static w => w.Deaths);
            command.Bind(
                Owners(deaths),
                Column(deaths, static d => d.Id),
                Column(deaths, static d => d.Place.Rank),
                Column(deaths, static d => d.Place.Seq),
                Column(deaths, static d => d.Attempts),
                Column(deaths, static d => d.At.UtcDateTime));
        }

        if (parts.HasFlag(PullParts.Revived))
        {
            var revived = Rows(writes, static w => w.Revived);
            command.Bind(Owners(revived), Column(revived, static id => id));
        }
    }

    private static long[] Owners<TRow>(List<(long Owner, TRow Row)> rows) => rows.Column(static r => r.Owner);

    private static TValue[] Column<TRow, TValue>(List<(long Owner, TRow Row)> rows, Func<TRow, TValue> value)
        => rows.Column(r => value(r.Row));
}
