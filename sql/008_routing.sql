-- Routing: leads from /api/ingest, the rules that choose their campaigns, the health gate, the pushes to be made, the audit log,
-- and what belongs to an organization's access: keys and sealed secrets.
-- Locks: creates tables only; the foreign keys take a short lock on organizations that lets reads pass and holds inserts up
-- for the moment of this transaction. The hot tables carry none: their rows come from a grain that has found its organization.

create table organization_keys (
    id text collate "C" not null,
    organization_id bigint not null,
    name text not null,
    scope text not null,
    -- SHA-256 of the whole key; the key itself is nowhere.
    hash bytea not null,
    created_at timestamptz not null,
    revoked_at timestamptz,
    constraint organization_keys_pkey primary key (id),
    constraint organization_keys_organization_fkey foreign key (organization_id) references organizations (id),
    constraint organization_keys_scope_is_known check (scope in ('use', 'admin')),
    constraint organization_keys_hash_is_sha256 check (octet_length(hash) = 32)
);
create index organization_keys_by_organization on organization_keys (organization_id, created_at, id);

-- AES-GCM under the key of the ring that key_id names; organization and name are authenticated with it.
create table organization_secrets (
    organization_id bigint not null,
    name text collate "C" not null,
    key_id text collate "C" not null,
    sealed bytea not null,
    updated_at timestamptz not null,
    constraint organization_secrets_pkey primary key (organization_id, name),
    constraint organization_secrets_organization_fkey foreign key (organization_id) references organizations (id)
);
create index organization_secrets_by_key on organization_secrets (key_id, organization_id, name);

-- Who may be asked what was done: appended to, never changed.
create table audit_log (
    id bigint generated always as identity,
    organization_id bigint not null,
    at timestamptz not null,
    actor text not null,
    action text collate "C" not null,
    entity text collate "C" not null,
    entity_id text collate "C" not null,
    before json,
    after json,
    reason text,
    constraint audit_log_pkey primary key (id)
);
create index audit_log_by_organization on audit_log (organization_id, id);
create index audit_log_by_entity on audit_log (organization_id, entity_id, id);

create function audit_log_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'audit_log is append-only' using errcode = 'insufficient_privilege';
end
$$;
create trigger audit_log_refuses_changes before update or delete or truncate on audit_log
    for each statement execute function audit_log_is_append_only();

-- What the hashes of an organization's suppression list are keyed with, so that no two organizations' lists can be compared.
create table organization_peppers (
    organization_id bigint not null,
    pepper bytea not null,
    constraint organization_peppers_pkey primary key (organization_id),
    constraint organization_peppers_organization_fkey foreign key (organization_id) references organizations (id),
    constraint organization_peppers_length check (octet_length(pepper) = 32)
);

-- Emails not to be contacted, as HMAC-SHA256 of their keys under the pepper.
create table suppressions (
    organization_id bigint not null,
    email_hash bytea not null,
    reason text collate "C" not null,
    source text not null,
    at timestamptz not null,
    constraint suppressions_pkey primary key (organization_id, email_hash, reason),
    constraint suppressions_hash_is_sha256 check (octet_length(email_hash) = 32),
    constraint suppressions_reason_is_known check (reason in ('manual', 'unsubscribed', 'bounced', 'complained'))
);

-- Thresholds and points of the health gate; no row: the defaults.
create table health_gates (
    organization_id bigint not null,
    settings json not null,
    updated_at timestamptz not null,
    constraint health_gates_pkey primary key (organization_id),
    constraint health_gates_organization_fkey foreign key (organization_id) references organizations (id)
);

create table routing_rules (
    id uuid not null,
    organization_id bigint not null,
    -- Age: of rules of one priority the one that was made first goes first.
    position bigint generated always as identity,
    definition json not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint routing_rules_pkey primary key (id),
    constraint routing_rules_organization_fkey foreign key (organization_id) references organizations (id)
);
create index routing_rules_by_organization on routing_rules (organization_id, position);

-- How many leads a rule with a daily cap has assigned. Each commit writes what it asked for into granted and the cap beside
-- it; the row itself then says how much of that was given, never going over the cap.
create table campaign_days (
    organization_id bigint not null,
    rule_id uuid not null,
    day date not null,
    assigned integer not null,
    granted integer not null,
    cap integer not null,
    constraint campaign_days_pkey primary key (organization_id, rule_id, day),
    constraint campaign_days_are_counts check (assigned >= 0 and granted >= 0)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);

create table routed_leads (
    -- UUID version 7: the list's order.
    id uuid not null,
    organization_id bigint not null,
    email text not null,
    email_key text collate "C" not null,
    persona text,
    score double precision,
    -- The whole body as it came in.
    data json not null,
    source text not null,
    health text not null,
    health_score integer not null,
    checks json not null,
    status text not null,
    campaign_id text collate "C",
    rule_id uuid,
    namespace text collate "C",
    engagement text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint routed_leads_pkey primary key (id),
    constraint routed_leads_health_is_known check (health in ('GREEN', 'YELLOW', 'RED')),
    constraint routed_leads_status_is_known check (status in ('HELD', 'ACTIVE', 'BLOCKED', 'DEAD')),
    constraint routed_leads_red_is_blocked check ((health = 'RED') = (status = 'BLOCKED')),
    constraint routed_leads_have_one_target check (campaign_id is null or namespace is null),
    constraint routed_leads_blocked_have_none check (status <> 'BLOCKED' or (campaign_id is null and namespace is null)),
    constraint routed_leads_engagement_is_known check (engagement in ('bounced', 'replied', 'unsubscribed', 'complained'))
) with (fillfactor = 90);
create index routed_leads_by_organization on routed_leads (organization_id, id);
create index routed_leads_by_email on routed_leads (organization_id, email_key, id);
-- Those bound for a namespace that it has not taken yet.
create index routed_leads_for_namespaces on routed_leads (organization_id, id) where status = 'HELD' and namespace is not null;

-- The outbox: one row a lead that is to be pushed to its campaign, written in the commit that routes it.
create table campaign_pushes (
    lead_id uuid not null,
    organization_id bigint not null,
    campaign_id text collate "C" not null,
    state text not null default 'waiting',
    attempts integer not null default 0,
    due_at timestamptz not null default now(),
    intent_at timestamptz,
    last_error text,
    sent_at timestamptz,
    created_at timestamptz not null default now(),
    constraint campaign_pushes_pkey primary key (lead_id),
    constraint campaign_pushes_state_is_known check (state in ('waiting', 'sending', 'sent', 'dead'))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
create index campaign_pushes_due on campaign_pushes (organization_id, campaign_id, due_at) where state in ('waiting', 'sending');
