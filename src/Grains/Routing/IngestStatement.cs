using LeadGrain.Grains.Audit;

namespace LeadGrain.Grains.Routing;

/// <summary>The one statement that writes what was decided of many leads; each part is in it only where a lead needs it.</summary>
internal static class IngestStatement
{
    internal const int AuditParameter = 18;
    private const int FirstOption = AuditParameter + 10;

    /// <summary>In place of a write's number: rows that count have to be made first, and nothing was done.</summary>
    internal const long RowsAreMissing = 0;

    // The lock on an organization's epoch lets any number of commits pass, and makes the next claim wait for them: who claims has
    // all of them before its eyes, and none comes after.
    private const string Leads =
        """
        with lead as (
            select * from unnest(
                $2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::float8[], $8::json[], $9::text[], $10::text[], $11::int[],
                $12::json[], $13::text[], $14::text[], $15::uuid[], $16::text[], $17::bigint[])
            with ordinality as l (
                organization_id, id, email, email_key, persona, score, data, source, health, health_score,
                checks, status, campaign_id, rule_id, namespace, epoch, w)
        ), fence as materialized (
            select e.organization_id, e.epoch from routing_epochs e
            where e.organization_id in (select organization_id from lead) order by e.organization_id for share
        ), owned as (
            select l.* from lead l join fence f on f.organization_id = l.organization_id and f.epoch = l.epoch
        ), stale as (
            select w, 4 as cause from lead where w not in (select w from owned)
        )
        """;

    // The rows of days are locked in order, those of rules before those of campaigns, so that commits take turns and none waits
    // for another in a circle. Places are given by the count as it is under the lock.
    private const string RuleCaps =
        """
        , rule_asked as (
            select l.w, l.organization_id, l.rule_id, c.day, c.cap
            from owned l join unnest($28::date[], $29::int[]) with ordinality as c (day, cap, w) on c.w = l.w
            where c.cap is not null
        ), rule_day as materialized (
            select d.organization_id, d.rule_id, d.day, d.assigned
            from campaign_days d
            join (select distinct organization_id, rule_id, day from rule_asked) a
                on a.organization_id = d.organization_id and a.rule_id = d.rule_id and a.day = d.day
            order by d.organization_id, d.rule_id, d.day for update of d
        ), rule_place as (
            select a.w, a.organization_id, a.rule_id, a.day, a.cap, d.assigned is null as missing,
                d.assigned + row_number() over (partition by a.organization_id, a.rule_id, a.day order by a.w) > a.cap as is_full
            from rule_asked a left join rule_day d on d.organization_id = a.organization_id and d.rule_id = a.rule_id and d.day = a.day
        )
        """;

    private const string NoRuleCaps = ", rule_place as (select 0::bigint as w, false as missing, false as is_full where false)";

    private const string CampaignCaps =
        """
        , campaign_asked as (
            select l.w, l.organization_id, l.campaign_id, c.daily_cap as cap, routing_day($1, c.cap_zone) as day
            from owned l join campaigns c on c.organization_id = l.organization_id and c.campaign_id = l.campaign_id
            where c.daily_cap is not null and l.w not in (select w from rule_place where is_full)
        ), campaign_day as materialized (
            select d.organization_id, d.campaign_id, d.day, d.assigned
            from campaign_cap_days d
            join (select distinct organization_id, campaign_id, day from campaign_asked) a
                on a.organization_id = d.organization_id and a.campaign_id = d.campaign_id and a.day = d.day
            order by d.organization_id, d.campaign_id, d.day for update of d
        ), campaign_place as (
            select a.w, a.organization_id, a.campaign_id, a.day, d.assigned is null as missing,
                d.assigned + row_number() over (partition by a.organization_id, a.campaign_id, a.day order by a.w) > a.cap as is_full
            from campaign_asked a
            left join campaign_day d on d.organization_id = a.organization_id and d.campaign_id = a.campaign_id and d.day = a.day
        )
        """;

    private const string NoCampaignCaps = ", campaign_place as (select 0::bigint as w, false as missing, false as is_full where false)";

    private const string Allowed =
        """
        , missing as (
            select from rule_place where missing union all select from campaign_place where missing
        ), refused as (
            select w, cause from stale
            union all select w, 1 from rule_place where is_full
            union all select w, 2 from campaign_place where is_full
        ), allowed as (
            select * from owned where w not in (select w from refused) and not exists (select from missing)
        )
        """;

    private const string NoKeys = ", taken as (select 0::bigint as w where false)";

    private const string NoDeliveries = ", repeated as (select 0::bigint as w where false)";

    private const string NewLeads =
        """
        , done as (
            select * from allowed where w not in (select w from taken) and w not in (select w from repeated)
        ), routed as (
            insert into routed_leads (
                id, organization_id, email, email_key, persona, score, data, source, health, health_score, checks, status,
                campaign_id, rule_id, namespace, created_at, updated_at)
            select id, organization_id, email, email_key, persona, score, data, source, health, health_score, checks, status,
                campaign_id, rule_id, namespace, $1, $1
            from done
        )
        """;

    // Those of the holding pool: what somebody else has taken out of it meanwhile is left alone.
    private static string PoolLeads(int parameter) =>
        $"""
        , moved as (
            update routed_leads r set
                status = l.status, campaign_id = l.campaign_id, rule_id = l.rule_id, namespace = l.namespace, updated_at = $1,
                routed_at = case when l.rule_id is null then null else $1::timestamptz end,
                health = l.health, health_score = l.health_score, checks = l.checks,
                namespace_due_at = case when l.namespace is null then null else $1::timestamptz + ${parameter}::interval end
            from allowed l
            where r.id = l.id and r.organization_id = l.organization_id and r.status = 'HELD' and r.campaign_id is null and r.namespace is null
            returning l.w
        ), done as (
            select * from allowed where w in (select w from moved)
        ), gone as (
            select w, 5 as cause from allowed where w not in (select w from moved)
        )
        """;

    private const string Pushes =
        """
        , pushes as (
            insert into campaign_pushes (lead_id, organization_id, campaign_id, due_at, created_at)
            select id, organization_id, campaign_id, $1, $1 from done where campaign_id is not null
        )
        """;

    private const string CountRules =
        """
        , rules_counted as (
            update campaign_days d set assigned = d.assigned + n.n, granted = n.n, cap = n.cap
            from (
                select p.organization_id, p.rule_id, p.day, count(*)::integer as n, max(p.cap) as cap
                from rule_place p join done using (w) group by p.organization_id, p.rule_id, p.day
            ) n
            where d.organization_id = n.organization_id and d.rule_id = n.rule_id and d.day = n.day
        )
        """;

    private const string CountCampaigns =
        """
        , campaigns_counted as (
            update campaign_cap_days d set assigned = d.assigned + n.n
            from (
                select p.organization_id, p.campaign_id, p.day, count(*)::integer as n
                from campaign_place p join done using (w) group by p.organization_id, p.campaign_id, p.day
            ) n
            where d.organization_id = n.organization_id and d.campaign_id = n.campaign_id and d.day = n.day
        )
        """;

    /// <summary>
    /// Makes the rows by which the days of rules and campaigns are counted, where there are none yet. A campaign's begins with the
    /// leads that it was given that day before it had a cap; when that day began is worked out once.
    /// </summary>
    internal const string MakeRows =
        """
        with rules as (
            insert into campaign_days (organization_id, rule_id, day, assigned, granted, cap)
            select a.organization_id, a.rule_id, a.day, 0, 0, max(a.cap)
            from unnest($2::bigint[], $3::uuid[], $4::date[], $5::int[]) as a (organization_id, rule_id, day, cap)
            where a.cap is not null
            group by a.organization_id, a.rule_id, a.day order by a.organization_id, a.rule_id, a.day
            on conflict on constraint campaign_days_pkey do nothing
        ), capped as materialized (
            select c.organization_id, c.campaign_id, routing_day($1, c.cap_zone) as day, routing_day_start($1, c.cap_zone) as day_start
            from (select distinct organization_id, campaign_id from unnest($2::bigint[], $6::text[]) as a (organization_id, campaign_id)) a
            join campaigns c on c.organization_id = a.organization_id and c.campaign_id = a.campaign_id
            where c.daily_cap is not null
        )
        insert into campaign_cap_days (organization_id, campaign_id, day, assigned)
        select c.organization_id, c.campaign_id, c.day, (
            select count(*) from campaign_pushes p
            where p.organization_id = c.organization_id and p.campaign_id = c.campaign_id and p.created_at >= c.day_start)
        from capped c
        order by c.organization_id, c.campaign_id
        on conflict on constraint campaign_cap_days_pkey do nothing
        """;

    private static readonly string s_audit = $", audited as ({AuditStore.Append(AuditParameter)} join done on done.w = entry.w)";

    /// <summary>
    /// The statement. It returns the number of each write that was not done with its cause as an <see cref="IngestCommit"/>, or
    /// <see cref="RowsAreMissing"/> alone.
    /// </summary>
    internal static string Of(IngestParts parts)
    {
        var option = FirstOption + (parts.RuleCaps ? 2 : 0);
        var keys = parts.Keys ? Keys(option) : NoKeys;
        var deliveries = parts.Deliveries ? Deliveries(option + (parts.Keys ? 3 : 0)) : NoDeliveries;
        return Leads
            + (parts.RuleCaps ? RuleCaps : NoRuleCaps)
            + (parts.Campaigns ? CampaignCaps : NoCampaignCaps)
            + Allowed
            + (parts.FromPool ? PoolLeads(option) : keys + deliveries + NewLeads)
            + Pushes
            + (parts.RuleCaps ? CountRules : "")
            + (parts.Campaigns ? CountCampaigns : "")
            + s_audit
            + Failures(parts.FromPool);
    }

    private static string Failures(bool fromPool) =>
        $"""
         select {RowsAreMissing}::bigint, 0 where exists (select from missing)
        union all select w, cause from refused where not exists (select from missing)
        union all {(fromPool ? "select w, cause from gone" : "select w, 3 from taken union all select w, 3 from repeated")}
        """;

    private static string Keys(int parameter) =>
        $"""
        , keyed as (
            select l.w, l.organization_id, l.id, k.route, k.key, k.body
            from allowed l
            join unnest(${parameter}::smallint[], ${parameter + 1}::text[], ${parameter + 2}::bytea[]) with ordinality as k (route, key, body, w) on k.w = l.w
            where k.key is not null
        ), kept as (
            insert into idempotency_keys (organization_id, route, key, namespace_id, body, answer, created_at)
            select organization_id, route, key, 0, body, json_build_object('leadId', id), $1 from keyed order by organization_id, route, key, w
            on conflict on constraint idempotency_keys_pkey do nothing
            returning (answer ->> 'leadId')::uuid as id
        ), taken as (
            select w from keyed where id not in (select id from kept)
        )
        """;

    private static string Deliveries(int parameter) =>
        $"""
        , delivered as (
            select l.w, l.organization_id, l.id, d.body, d.id as id_hash
            from allowed l join unnest(${parameter}::bytea[], ${parameter + 1}::bytea[]) with ordinality as d (body, id, w) on d.w = l.w
            where d.body is not null
        ), known as (
            insert into ingest_deliveries (organization_id, body_hash, id_hash, lead_id, received_at)
            select organization_id, body, id_hash, id, $1 from delivered order by organization_id, body, w
            on conflict do nothing
            returning lead_id
        ), repeated as (
            select w from delivered where id not in (select lead_id from known)
        )
        """;
}

/// <summary>What the writes of a commit need.</summary>
/// <param name="FromPool">Leads of the holding pool rather than new ones.</param>
/// <param name="RuleCaps">Some rule has a cap.</param>
/// <param name="Campaigns">Some lead goes to a campaign.</param>
/// <param name="Keys">Some request has a key.</param>
/// <param name="Deliveries">Some lead was delivered.</param>
internal readonly record struct IngestParts(bool FromPool, bool RuleCaps, bool Campaigns, bool Keys, bool Deliveries);
