-- Routing, second part: caps of campaigns, the epoch of an organization's routing, deliveries that were taken in, and what the
-- holding pool and pushes into namespaces need.
-- Locks: campaigns is rewritten for its two generated columns, under an exclusive lock; it has one row a campaign. The columns
-- added to routed_leads have constant defaults, so that lock is held for an instant, but its new index is built under a lock that
-- holds writes of the table up while it is read once. What is copied out of idempotency_keys is a day's deliveries. The rest is created.

-- The day on which an instant falls in a zone, and when that day began. A zone that this server does not know is UTC rather than
-- an error: one campaign's setting must not fail the commits of others.
create function routing_day(at timestamptz, zone text) returns date language plpgsql stable as $$
begin
    return (at at time zone coalesce(zone, 'UTC'))::date;
exception when invalid_parameter_value then
    return (at at time zone 'UTC')::date;
end $$;

create function routing_day_start(at timestamptz, zone text) returns timestamptz language plpgsql stable as $$
begin
    return date_trunc('day', at, coalesce(zone, 'UTC'));
exception when invalid_parameter_value then
    return date_trunc('day', at, 'UTC');
end $$;

-- Out of the settings, so that a commit reads them without taking JSON apart.
alter table campaigns
    add column daily_cap integer generated always as ((settings ->> 'dailyCap')::integer) stored,
    add column cap_zone text collate "C" generated always as (settings ->> 'timeZone') stored,
    add constraint campaigns_daily_cap_is_positive check (daily_cap > 0);

-- How many leads a campaign with a cap was given on a day, by whichever rules.
create table campaign_cap_days (
    organization_id bigint not null,
    campaign_id text collate "C" not null,
    day date not null,
    assigned integer not null,
    constraint campaign_cap_days_pkey primary key (organization_id, campaign_id, day),
    constraint campaign_cap_days_are_counts check (assigned >= 0)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);

-- Each activation that routes an organization's leads claims the next one; a write under an older one is refused.
create table routing_epochs (
    organization_id bigint not null,
    epoch bigint not null,
    constraint routing_epochs_pkey primary key (organization_id),
    constraint routing_epochs_organization_fkey foreign key (organization_id) references organizations (id)
) with (fillfactor = 50);

-- Signed deliveries that became leads, by what they are told apart by: their bytes, and the id where they had one. One row takes
-- both or none, so a delivery is never half known. Kept as long as the duplicate look-back of the organization.
create table ingest_deliveries (
    organization_id bigint not null,
    -- SHA-256 each.
    body_hash bytea not null,
    id_hash bytea,
    lead_id uuid not null,
    received_at timestamptz not null,
    constraint ingest_deliveries_pkey primary key (organization_id, body_hash),
    constraint ingest_deliveries_by_id unique (organization_id, id_hash),
    constraint ingest_deliveries_are_sha256 check (octet_length(body_hash) = 32 and octet_length(id_hash) = 32)
);
create index ingest_deliveries_by_age on ingest_deliveries using brin (received_at) with (pages_per_range = 16);

insert into ingest_deliveries (organization_id, body_hash, id_hash, lead_id, received_at)
select organization_id, body, case when key like 'id:%' then decode(substr(key, 4), 'hex') end, (answer ->> 'leadId')::uuid, created_at
from idempotency_keys where route = 21 order by created_at
on conflict do nothing;
delete from idempotency_keys where route = 21;

-- Pushes of leads into namespaces that failed: how often, and when the next one is due. Null: not since the lead came.
alter table routed_leads
    add column namespace_attempts integer not null default 0,
    add column namespace_due_at timestamptz;

-- The holding pool.
create index routed_leads_held on routed_leads (organization_id, id) where status = 'HELD' and campaign_id is null and namespace is null;
