using LeadGrain.Grains.Idempotency;
using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Buffer;

/// <summary>What a statement of pushes has to write.</summary>
[Flags]
internal enum PushParts
{
    None = 0,
    Buffered = 1,
    Prioritized = 2,
    Answers = 4,
}

/// <summary>
/// The one statement that writes the pushes of many namespaces, made of parts as a <see cref="PullStatement"/> is. It returns
/// whose claims are current.
/// </summary>
internal static class PushStatement
{
    private const string Buffered =
        """
        , buffered as (
            insert into lead_batches (namespace_id, first_seq, last_seq, origin_id, pushed_at, data_bytes, emails, external_ids, datas, priorities)
            select
                fence.id, r.first_seq, max(r.seq), min(r.origin_id), {8}, coalesce(sum(octet_length(r.data)), 0),
                array_agg(r.email order by r.seq),
                case when count(r.external_id) > 0 then array_agg(r.external_id order by r.seq) end,
                case when count(r.data) > 0 then array_agg(r.data order by r.seq) end,
                case when bool_or(r.priority <> 0) then array_agg(r.priority order by r.seq) end
            from unnest({0}::bigint[], {1}::bigint[], {2}::bigint[], {3}::bigint[], {4}::text[], {5}::text[], {6}::text[], {7}::int[])
                as r (w, first_seq, seq, origin_id, email, external_id, data, priority)
            join fence on fence.w = r.w
            group by fence.w, fence.id, r.first_seq
        )
        """;

    private const string Prioritized =
        """
        , prioritized as (
            insert into held_leads (namespace_id, rank, seq)
            select fence.id, r.rank, r.seq
            from unnest({0}::bigint[], {1}::int[], {2}::bigint[]) as r (w, rank, seq)
            join fence on fence.w = r.w
        )
        """;

    // In the order in which the parameters are bound.
    private static readonly (PushParts Part, string Text, int Parameters)[] s_parts =
    [
        (PushParts.Buffered, Buffered, 9),
        (PushParts.Prioritized, Prioritized, 3),
        (PushParts.Answers, PullStatement.Answers, 6),
    ];

    private static readonly string[] s_texts = [.. Enumerable.Range(0, 1 << s_parts.Length).Select(parts => Build((PushParts)parts))];

    internal static string Of(PushParts parts) => s_texts[(int)parts];

    /// <summary>Binds what follows the fence's parameters.</summary>
    /// <param name="command">With the fence's.</param>
    /// <param name="parts">What the statement writes.</param>
    /// <param name="leads">All leads.</param>
    /// <param name="firstSeqs">The key of each lead's batch.</param>
    /// <param name="prioritized">Those of them with a priority.</param>
    /// <param name="answers">To keep.</param>
    /// <param name="now">When they were pushed; UTC.</param>
    internal static void Bind(
        NpgsqlCommand command,
        PushParts parts,
        List<(long Owner, WaitingLead Row)> leads,
        long[] firstSeqs,
        List<(long Owner, WaitingLead Row)> prioritized,
        List<(long Owner, KeptAnswer Row)> answers,
        DateTime now)
    {
        if (parts.HasFlag(PushParts.Buffered))
        {
            command.Bind(
                leads.Column(static r => r.Owner), firstSeqs, leads.Column(static r => r.Row.Seq), leads.Column(static r => r.Row.OriginId));
            command.Bind(leads.Column(static r => r.Row.Lead.Email), leads.Column(static r => r.Row.Lead.ExternalId));
            command.Parameters.Add(PullParameters.Texts(leads.Column(static r => r.Row.Lead.Data)));
            command.Bind(leads.Column(static r => r.Row.Lead.Priority), now);
        }

        if (parts.HasFlag(PushParts.Prioritized))
        {
            command.Bind(
                prioritized.Column(static r => r.Owner),
                prioritized.Column(static r => r.Row.Place.Rank),
                prioritized.Column(static r => r.Row.Seq));
        }

        if (parts.HasFlag(PushParts.Answers))
        {
            PullParameters.BindAnswers(command, answers, now);
        }
    }

    private static string Build(PushParts parts)
    {
        var (text, next) = (PullStatement.Fence, 3);
        foreach (var (part, template, parameters) in s_parts)
        {
            if (parts.HasFlag(part))
            {
                text += PullStatement.Numbered(template, parameters, next);
                next += parameters;
            }
        }

        return $"{text} select w from fence";
    }
}
