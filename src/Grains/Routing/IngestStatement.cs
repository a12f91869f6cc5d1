using LeadGrain.Grains.Audit;

namespace LeadGrain.Grains.Routing;

/// <summary>The one statement that writes what was decided of many leads; caps and keys are in it only where a lead has one.</summary>
internal static class IngestStatement
{
    internal const int AuditParameter = 17;
    private const int CapParameter = AuditParameter + 10;

    private const string Leads =
        """
        with lead as (
            select * from unnest(
                $2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::float8[], $8::json[], $9::text[], $10::text[], $11::int[],
                $12::json[], $13::text[], $14::text[], $15::uuid[], $16::text[])
            with ordinality as l (
                organization_id, id, email, email_key, persona, score, data, source, health, health_score,
                checks, status, campaign_id, rule_id, namespace, w)
        )
        """;

    // The row of a rule's day says how much of what a commit asked for was given: two commits take it in turns, by its lock.
    private static readonly string s_caps =
        $"""
        , capped as (
            select l.w, l.organization_id, l.rule_id, c.day, c.cap,
                row_number() over (partition by l.organization_id, l.rule_id, c.day order by l.w) as n
            from lead l join unnest(${CapParameter}::date[], ${CapParameter + 1}::int[]) with ordinality as c (day, cap, w) on c.w = l.w
            where c.cap is not null
        ), granted as (
            insert into campaign_days as d (organization_id, rule_id, day, assigned, granted, cap)
            select organization_id, rule_id, day, least(count(*), min(cap)), least(count(*), min(cap)), min(cap)
            from capped group by organization_id, rule_id, day order by organization_id, rule_id, day
            on conflict on constraint campaign_days_pkey do update set
                granted = least(excluded.granted, greatest(excluded.cap - d.assigned, 0)),
                assigned = d.assigned + least(excluded.granted, greatest(excluded.cap - d.assigned, 0)),
                cap = excluded.cap
            returning d.organization_id, d.rule_id, d.day, d.granted
        ), refused as (
            select c.w from capped c join granted g using (organization_id, rule_id, day) where c.n > g.granted
        )
        """;

    private const string NoCaps = ", refused as (select 0::bigint as w where false)";

    private const string NoKeys = ", taken as (select 0::bigint as w where false)";

    // A lead that is not written because another request had its key first leaves the count of its rule one too high. Requests
    // with one email take turns in their grain, so this takes two activations of it.
    private const string Rest =
        """
        , done as (
            select * from lead where w not in (select w from refused) and w not in (select w from taken)
        ), routed as (
            insert into routed_leads (
                id, organization_id, email, email_key, persona, score, data, source, health, health_score, checks, status,
                campaign_id, rule_id, namespace, created_at, updated_at)
            select id, organization_id, email, email_key, persona, score, data, source, health, health_score, checks, status,
                campaign_id, rule_id, namespace, $1, $1
            from done
        ), pushes as (
            insert into campaign_pushes (lead_id, organization_id, campaign_id, due_at, created_at)
            select id, organization_id, campaign_id, $1, $1 from done where campaign_id is not null
        )
        """;

    private static readonly string s_audit = $", audited as ({AuditStore.Append(AuditParameter)} join done on done.w = entry.w)";

    private const string Failures =
        """
         select w, true from refused union all select w, false from taken
        """;

    /// <summary>The statement. It returns the number of each write that was not done, and whether a cap was the cause.</summary>
    internal static string Of(bool caps, bool keys)
        => Leads + (caps ? s_caps : NoCaps) + (keys ? Keys(CapParameter + (caps ? 2 : 0)) : NoKeys) + Rest + s_audit + Failures;

    private static string Keys(int parameter) =>
        $"""
        , keyed as (
            select l.w, l.organization_id, l.id, k.route, k.key, k.body
            from lead l
            join unnest(${parameter}::smallint[], ${parameter + 1}::text[], ${parameter + 2}::bytea[]) with ordinality as k (route, key, body, w) on k.w = l.w
            where k.key is not null and l.w not in (select w from refused)
        ), kept as (
            insert into idempotency_keys (organization_id, route, key, namespace_id, body, answer, created_at)
            select organization_id, route, key, 0, body, json_build_object('leadId', id), $1 from keyed order by organization_id, route, key, w
            on conflict on constraint idempotency_keys_pkey do nothing
            returning (answer ->> 'leadId')::uuid as id
        ), taken as (
            select w from keyed where id not in (select id from kept)
        )
        """;
}
