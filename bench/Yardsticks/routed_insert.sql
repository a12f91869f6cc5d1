with lead as (
    select gen_random_uuid() as id, md5(random()::text) || '@example.com' as email from generate_series(1, 100)
), routed as (
    insert into routed
    select id, 1, email, email, 'VP Sales', 85,
        '{"email":"0000000000000000@example.com","persona":"VP Sales","lead_score":85,"first_name":"John","last_name":"Doe","company":"Acme"}',
        'api', 'GREEN', 100, '[]', 'HELD', '123456', id, now(), now()
    from lead
), pushes as (
    insert into routed_pushes (lead_id, organization_id, campaign_id, due_at, created_at) select id, 1, '123456', now(), now() from lead
)
insert into routed_audit (organization_id, at, actor, action, entity, entity_id, after)
select 1, now(), 'admin', 'assigned', 'lead', id::text, '{"health":"GREEN","healthScore":100,"ruleId":"x","campaignId":"123456"}' from lead;
