using System.Collections.Concurrent;

namespace LeadGrain.Grains.Buffer;

/// <summary>What a statement of pulls has to write; each part is one more sub-statement.</summary>
[Flags]
internal enum PullParts
{
    None = 0,
    Served = 1,
    Careful = 2,
    Leased = 4,
    Skipped = 8,
    Held = 16,
    Unheld = 32,
    Dead = 64,
    Revived = 128,
    Answers = 256,
    ReplacedAnswers = 512,
}

/// <summary>
/// The one statement that writes what many namespaces decided, each part only under its claim's epoch. Only the parts that
/// are needed are in it: the server pays for each. $1 and $2 are ids and epochs; w, a row's first column, says by its number
/// whose it is.
/// </summary>
internal static class PullStatement
{
    private static readonly ConcurrentDictionary<PullParts, string> s_texts = new();

    // The lock on the namespace's row is the fence: a claim waits for it, and a commit that comes after the claim sees the
    // new epoch, whatever its snapshot says, because locking a row checks its newest version.
    internal const string Fence =
        """
        with fence as materialized (
            select f.w, n.id, n.organization_id
            from unnest($1::bigint[], $2::bigint[]) with ordinality as f (id, epoch, w)
            join namespaces n on n.id = f.id and n.epoch = f.epoch
            for share of n
        )
        """;

    private const string Served =
        """
        , served as (
            insert into served_leads (id, organization_id, namespace_id, seq, origin_id, served_at, email_key)
            select r.id, fence.organization_id, fence.id, r.seq, r.origin_id, r.served_at, r.email_key
            from unnest({0}::bigint[], {1}::uuid[], {2}::bigint[], {3}::bigint[], {4}::timestamptz[], {5}::text[])
                as r (w, id, seq, origin_id, served_at, email_key)
            join fence on fence.w = r.w
        """;

    // When it is due is said by the database's clock, here and where it is read: a host's may be set while it serves.
    // A lead whose email was served by another lead is not handed out.
    private const string Leased =
        """
        , leased as (
            insert into held_leads as h (namespace_id, rank, seq, attempts, lease_id, due_at, held_for)
            select fence.id, r.rank, r.seq, r.attempts, r.lease_id, clock_timestamp() + r.held_for, r.held_for
            from unnest({0}::bigint[], {1}::int[], {2}::bigint[], {3}::int[], {4}::uuid[], {5}::interval[], {6}::text[])
                as r (w, rank, seq, attempts, lease_id, held_for, email_key)
            join fence on fence.w = r.w
            where not exists (
                select from served_leads s where s.namespace_id = fence.id and s.email_key = r.email_key
            )
            on conflict on constraint held_leads_pkey do update
                set attempts = excluded.attempts, lease_id = excluded.lease_id, due_at = excluded.due_at, held_for = excluded.held_for
            returning h.lease_id
        )
        """;

    private const string Skipped =
        """
        , skipped as (
            insert into skipped_leads (namespace_id, seq, skipped_at, id)
            select fence.id, r.seq, {3}, r.id
            from unnest({0}::bigint[], {1}::bigint[], {2}::uuid[]) as r (w, seq, id)
            join fence on fence.w = r.w
            on conflict do nothing
        )
        """;

    private const string Held =
        """
        , held as (
            insert into held_leads (namespace_id, rank, seq, attempts, lease_id, due_at, held_for)
            select fence.id, r.rank, r.seq, r.attempts, r.lease_id, clock_timestamp() + r.held_for, r.held_for
            from unnest({0}::bigint[], {1}::int[], {2}::bigint[], {3}::int[], {4}::uuid[], {5}::interval[])
                as r (w, rank, seq, attempts, lease_id, held_for)
            join fence on fence.w = r.w
            on conflict on constraint held_leads_pkey do update
                set attempts = excluded.attempts, lease_id = excluded.lease_id, due_at = excluded.due_at, held_for = excluded.held_for
        )
        """;

    private const string Unheld =
        """
        , unheld as (
            delete from held_leads h
            using unnest({0}::bigint[], {1}::int[], {2}::bigint[]) as r (w, rank, seq), fence
            where fence.w = r.w and h.namespace_id = fence.id and h.rank = r.rank and h.seq = r.seq
        """;

    // A lead that turns out to be served by another stays held until it is skipped: nothing else tells of it out of the plain
    // order, should the commit that skips it never come. The parameters are those of the served ones.
    private const string UnlessNotServed =
        """
         and not exists (
            select from unnest($3::bigint[], $4::uuid[], $5::bigint[]) as s (w, id, seq)
            where s.w = r.w and s.seq = r.seq and s.id not in (select id from served)
        )
        """;

    private const string Dead =
        """
        , dead as (
            insert into dead_leads (id, namespace_id, rank, seq, attempts, died_at)
            select r.id, fence.id, r.rank, r.seq, r.attempts, r.died_at
            from unnest({0}::bigint[], {1}::uuid[], {2}::int[], {3}::bigint[], {4}::int[], {5}::timestamptz[])
                as r (w, id, rank, seq, attempts, died_at)
            join fence on fence.w = r.w
        )
        """;

    private const string Revived =
        """
        , revived as (
            delete from dead_leads d
            using unnest({0}::bigint[], {1}::uuid[]) as r (w, id), fence
            where fence.w = r.w and d.namespace_id = fence.id and d.id = r.id
        )
        """;

    internal const string Answers =
        """
        , answers as (
            insert into idempotency_keys (organization_id, route, key, namespace_id, body, answer, created_at)
            select fence.organization_id, r.route, r.key, fence.id, r.body, r.answer, {5}
            from unnest({0}::bigint[], {1}::smallint[], {2}::text[], {3}::bytea[], {4}::json[]) as r (w, route, key, body, answer)
            join fence on fence.w = r.w
        )
        """;

    private const string ReplacedAnswers =
        """
        , replaced as (
            insert into idempotency_keys (organization_id, route, key, namespace_id, body, answer, created_at)
            select fence.organization_id, r.route, r.key, fence.id, r.body, r.answer, {5}
            from unnest({0}::bigint[], {1}::smallint[], {2}::text[], {3}::bytea[], {4}::json[]) as r (w, route, key, body, answer)
            join fence on fence.w = r.w
            on conflict (organization_id, route, key) do update set answer = excluded.answer, created_at = excluded.created_at
        )
        """;

    // In the order in which the parameters are bound.
    private static readonly (PullParts Part, string Text, int Parameters)[] s_parts =
    [
        (PullParts.Served, Served, 6),
        (PullParts.Leased, Leased, 7),
        (PullParts.Skipped, Skipped, 4),
        (PullParts.Held, Held, 6),
        (PullParts.Unheld, Unheld, 3),
        (PullParts.Dead, Dead, 6),
        (PullParts.Revived, Revived, 2),
        (PullParts.Answers, Answers, 6),
        (PullParts.ReplacedAnswers, ReplacedAnswers, 6),
    ];

    /// <summary>
    /// The statement with these parts. It returns whose claims are current, the ids of served leads where
    /// <see cref="PullParts.Careful"/>, and those of the leases given.
    /// </summary>
    internal static string Of(PullParts parts) => s_texts.GetOrAdd(parts, Build);

    private static string Build(PullParts parts)
    {
        var (text, next) = (Fence, 3);
        var careful = parts.HasFlag(PullParts.Served | PullParts.Careful);
        foreach (var (part, template, parameters) in s_parts)
        {
            if (parts.HasFlag(part))
            {
                text += Numbered(template, parameters, next);
                next += parameters;
                text += part switch
                {
                    PullParts.Served => careful ? " on conflict do nothing returning id)" : ")",
                    PullParts.Unheld => careful ? $"{UnlessNotServed})" : ")",
                    _ => "",
                };
            }
        }

        var served = careful ? "array(select id from served)" : "null::uuid[]";
        var leased = parts.HasFlag(PullParts.Leased) ? "array(select lease_id from leased)" : "null::uuid[]";
        return $"{text} select array(select w from fence), {served}, {leased}";
    }

    /// <summary>A part with its parameters numbered on from the first.</summary>
    internal static string Numbered(string template, int parameters, int first)
        => string.Format(null, template, [.. Enumerable.Range(first, parameters).Select(n => $"${n}")]);
}
