-- Campaigns: where routed leads are pushed, and what comes back from there.
-- Locks: the column added to campaign_pushes has no default, so its exclusive lock is held for an instant; its new indexes are
-- built under a lock that holds writes of that table up, which is new and small. Everything else is created.

create table campaigns (
    organization_id bigint not null,
    campaign_id text collate "C" not null,
    kind text collate "C" not null,
    settings json not null,
    state text collate "C" not null default 'active',
    stopped_for text,
    -- Each activation that pushes claims the next one; a write under an older one is refused.
    epoch bigint not null default 0,
    -- Settled pushes are only counted, never looked through.
    sent_count bigint not null default 0,
    dead_count bigint not null default 0,
    -- Since when nothing went through, if so.
    failing_since timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint campaigns_pkey primary key (organization_id, campaign_id),
    constraint campaigns_organization_fkey foreign key (organization_id) references organizations (id),
    constraint campaigns_kind_is_known check (kind in ('smartlead', 'webhook', 'namespace')),
    constraint campaigns_state_is_known check (state in ('active', 'paused', 'stopped')),
    constraint campaigns_stopped_for_a_reason check ((state = 'stopped') = (stopped_for is not null)),
    constraint campaigns_counts check (sent_count >= 0 and dead_count >= 0)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);

-- How an organization uses Smartlead; no row: the defaults.
create table smartlead_settings (
    organization_id bigint not null,
    settings json not null,
    updated_at timestamptz not null,
    constraint smartlead_settings_pkey primary key (organization_id),
    constraint smartlead_settings_organization_fkey foreign key (organization_id) references organizations (id)
);

-- The service's own name of the lead, by which its webhooks name it.
alter table campaign_pushes add column target_lead_id text collate "C";
create index campaign_pushes_by_target on campaign_pushes (organization_id, target_lead_id) where target_lead_id is not null;
create index campaign_pushes_dead on campaign_pushes (organization_id, campaign_id, lead_id) where state = 'dead';

-- Webhooks that were taken, so that a repeat changes nothing. Old ones are deleted.
create table feedback_deliveries (
    organization_id bigint not null,
    request_id text collate "C" not null,
    received_at timestamptz not null,
    constraint feedback_deliveries_pkey primary key (organization_id, request_id)
);
create index feedback_deliveries_by_time on feedback_deliveries (received_at);
