-- The classic queue in PostgreSQL: one table with a state, a partial index on what waits, and the served emails.
create table queue (
    id bigint generated always as identity primary key,
    namespace_id integer not null,
    email text not null,
    external_id text,
    data json,
    state smallint not null default 0,
    pushed_at timestamptz not null default now(),
    served_at timestamptz
);
create table queue_served (
    id bigint generated always as identity primary key,
    namespace_id integer not null,
    email_key text collate "C" not null,
    served_at timestamptz not null,
    unique (namespace_id, email_key)
);
create index queue_waiting on queue (namespace_id, id) where state = 0;

-- A buffer of a row a lead.
create table buffer (
    namespace_id bigint not null,
    seq bigint not null,
    origin_id bigint not null,
    pushed_at timestamptz not null,
    email text not null,
    external_id text,
    data json,
    primary key (namespace_id, seq)
);

-- Shaped like the product's raw log and leads.
create table posts (
    organization_id bigint not null,
    received_at timestamptz not null,
    id uuid not null,
    body bytea not null,
    content_type text,
    headers json not null,
    request_id text not null,
    primary key (organization_id, received_at, id)
);
create table posted_leads (
    organization_id bigint not null,
    id uuid not null,
    click_id text, country text, creo text, description text, domain text, email text, first_name text, ip text, lang text,
    last_name text, marker text, offer text, phone text, sourcetype text,
    created_at timestamptz not null,
    primary key (organization_id, id)
);

-- Of the bare endpoint.
create table bare (id uuid primary key, email text not null);

-- Shaped like the product's routed leads, audit log and outbox.
create table routed (
    id uuid primary key, organization_id bigint not null, email text not null, email_key text collate "C" not null, persona text,
    score double precision, data json not null, source text not null, health text not null, health_score integer not null,
    checks json not null, status text not null, campaign_id text, rule_id uuid, created_at timestamptz not null, updated_at timestamptz not null
);
create index routed_by_organization on routed (organization_id, id);
create index routed_by_email on routed (organization_id, email_key, id);
create table routed_audit (
    id bigint generated always as identity primary key, organization_id bigint not null, at timestamptz not null, actor text not null,
    action text not null, entity text not null, entity_id text not null, after json
);
create index routed_audit_by_organization on routed_audit (organization_id, id);
create index routed_audit_by_entity on routed_audit (organization_id, entity_id, id);
create table routed_pushes (
    lead_id uuid primary key, organization_id bigint not null, campaign_id text not null, state text not null default 'waiting',
    due_at timestamptz not null, created_at timestamptz not null
);
create index routed_pushes_due on routed_pushes (organization_id, campaign_id, due_at) where state = 'waiting';

vacuum (freeze, analyze);
