-- The lead grid's core: tenants, namespaces, the buffer, the served set, cursors.
-- Locks: creates tables only, so nothing that exists is locked.
--
-- The buffer is append-only: a pushed lead is one row of lead_buffer that is never updated or deleted, and it waits as long
-- as neither served_leads nor skipped_leads has its (namespace_id, seq). So a pull leaves no dead tuples behind, whatever
-- transactions are open elsewhere. The hot tables carry no foreign keys: every write to them first locks and checks its row
-- of namespaces (the epoch fence), which does that work once a commit rather than once a row.

create table organizations (
    id bigint generated always as identity,
    app_id text not null,
    org_id text not null,
    created_at timestamptz not null default now(),
    constraint organizations_pkey primary key (id),
    constraint organizations_app_org_key unique (app_id, org_id)
);

create table namespaces (
    id bigint generated always as identity,
    organization_id bigint not null,
    name text collate "C" not null,
    -- Claimed, one higher, by each activation of the namespace's grain; a write under an older epoch is refused.
    epoch bigint not null default 1,
    -- Checkpoint, written now and then: every seq up to settled_seq is served or skipped, the two counts are of those, and
    -- settled_id is the greatest id of the served ones. It bounds how much a starting activation and the status view have
    -- to look at; the truth is in the tables below.
    settled_seq bigint not null default 0,
    settled_id uuid not null default '00000000-0000-0000-0000-000000000000',
    served_count bigint not null default 0,
    skipped_count bigint not null default 0,
    created_at timestamptz not null default now(),
    constraint namespaces_pkey primary key (id),
    constraint namespaces_organization_name_key unique (organization_id, name),
    constraint namespaces_organization_fkey foreign key (organization_id) references organizations (id),
    constraint namespaces_checkpoint_adds_up check (settled_seq = served_count + skipped_count)
);

-- The distinct (brand, Clerk organization, Clerk user) that the pushes to a namespace named; leads refer to them by id.
create table lead_origins (
    id bigint generated always as identity,
    organization_id bigint not null,
    namespace_id bigint not null,
    brand_id text,
    clerk_org_id text,
    clerk_user_id text,
    constraint lead_origins_pkey primary key (id),
    constraint lead_origins_organization_fkey foreign key (organization_id) references organizations (id),
    constraint lead_origins_namespace_fkey foreign key (namespace_id) references namespaces (id),
    constraint lead_origins_distinct unique nulls not distinct (namespace_id, brand_id, clerk_org_id, clerk_user_id)
);
create index lead_origins_by_brand on lead_origins (organization_id, brand_id);

-- seq is dense from 1 within a namespace: the greatest one is the number of leads ever buffered.
create table lead_buffer (
    namespace_id bigint not null,
    seq bigint not null,
    origin_id bigint not null,
    pushed_at timestamptz not null,
    email text not null,
    external_id text,
    data json,
    constraint lead_buffer_pkey primary key (namespace_id, seq)
);

create table served_leads (
    -- UUID version 7, rising strictly within a namespace: the list's order and position, and what a checkpoint refers to.
    id uuid not null,
    organization_id bigint not null,
    namespace_id bigint not null,
    seq bigint not null,
    origin_id bigint not null,
    served_at timestamptz not null,
    email_key text collate "C" not null,
    constraint served_leads_pkey primary key (namespace_id, id),
    -- The last guard of all: an email is served once in a namespace, whatever else goes wrong.
    constraint served_leads_namespace_email_key unique (namespace_id, email_key)
);
create index served_leads_by_organization on served_leads (organization_id, id);

create table skipped_leads (
    namespace_id bigint not null,
    seq bigint not null,
    skipped_at timestamptz not null,
    constraint skipped_leads_pkey primary key (namespace_id, seq)
);

create table cursors (
    namespace_id bigint not null,
    state json not null,
    updated_at timestamptz not null,
    constraint cursors_pkey primary key (namespace_id),
    constraint cursors_namespace_fkey foreign key (namespace_id) references namespaces (id)
);

-- Each namespace with its exact counts: the checkpoint and what came after it.
create view namespace_status as
select
    n.id,
    n.organization_id,
    n.name,
    n.settled_seq,
    n.settled_id,
    coalesce(tail.seq, 0) as pushed,
    coalesce(tail.seq, 0) - n.settled_seq - served.since - skipped.since as waiting,
    n.served_count + served.since as served,
    n.skipped_count + skipped.since as skipped,
    tail.pushed_at as last_push_at,
    last_pull.served_at as last_pull_at
from namespaces n
left join lateral (
    select b.seq, b.pushed_at from lead_buffer b
    where b.namespace_id = n.id order by b.seq desc limit 1
) tail on true
left join lateral (
    select s.served_at from served_leads s
    where s.namespace_id = n.id order by s.id desc limit 1
) last_pull on true
cross join lateral (
    select count(*) as since from served_leads s
    where s.namespace_id = n.id and s.id > n.settled_id
) served
cross join lateral (
    select count(*) as since from skipped_leads k
    where k.namespace_id = n.id and k.seq > n.settled_seq
) skipped;
