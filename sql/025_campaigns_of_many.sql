-- What grows with an organization's leads was read through: pushes that are due at one time were sorted for each few that were taken; a
-- campaign's pushes of the day were looked for among those of all organizations; what an email was routed by, among its repeats that were
-- blocked; dead leads, and those of one campaign, among all.
-- Locks: routed_leads for writes and campaign_pushes for all, both until each table was read three times and twice to build the indexes:
-- 17 s a million leads on two busy cores. Who has one of the two and waits for the other waits in a circle with this, so the second lock
-- gives way before PostgreSQL ends one of them (after 1 s), and the file is tried again.

lock table routed_leads in share mode;
set local lock_timeout = '500ms';
lock table campaign_pushes in access exclusive mode;

create index campaign_pushes_due_in_order on campaign_pushes (organization_id, campaign_id, due_at, lead_id)
    where state in ('waiting', 'sending');
drop index campaign_pushes_due;

create index campaign_pushes_by_campaign on campaign_pushes (organization_id, campaign_id, created_at);
drop index campaign_pushes_by_age;

-- Beside routed_leads_by_email: events look for emails of any status.
create index routed_leads_routed on routed_leads (organization_id, email_key, id)
    where status in ('HELD', 'ACTIVE') and rule_id is not null;
create index routed_leads_dead on routed_leads (organization_id, id) where status = 'DEAD';
create index routed_leads_by_campaign on routed_leads (organization_id, campaign_id, id) where campaign_id is not null;
