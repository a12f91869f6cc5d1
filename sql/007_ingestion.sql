-- Ingestion: the raw log of what was posted, the leads made of it, and what the CRM side and background jobs keep.
-- Locks: creates tables and functions only, so nothing that exists is locked.
--
-- Nothing on the way of a post updates a row. A raw row is written by the first commit together with a row of raw_open that
-- lists it; the second commit writes its lead, or its outcome, and takes the row of raw_open away. What is left in raw_open
-- was not finished, and is finished later: no search of the raw log is needed to find it.

create table leads_raw (
    organization_id bigint not null,
    -- The milliseconds of the id, so that an id leads to its partition.
    received_at timestamptz not null,
    -- UUID version 7; the id of the lead that comes of it as well.
    id uuid not null,
    -- As received: still compressed where content_encoding says so.
    body bytea not null,
    content_type text,
    content_encoding text,
    -- Without those that could hold a secret.
    headers json not null,
    remote_address text,
    request_id text not null,
    idempotency_key text,
    constraint leads_raw_pkey primary key (organization_id, received_at, id)
) partition by range (received_at);

-- Takes what no day's partition takes, so that an insert never fails for want of one.
create table leads_raw_default partition of leads_raw default;

-- Makes a day's partition, and moves what the default partition took of that day meanwhile.
create function leads_raw_make_day(day date) returns boolean language plpgsql as $$
declare
    part text := 'leads_raw_' || to_char(day, 'YYYYMMDD');
    day_start timestamptz := day::timestamp at time zone 'UTC';
    day_end timestamptz := (day + 1)::timestamp at time zone 'UTC';
begin
    perform pg_advisory_xact_lock(hashtext('leads_raw partitions'));
    if to_regclass(part) is not null then
        return false;
    end if;
    lock table leads_raw_default in share row exclusive mode;
    execute format('create table %I (like leads_raw including all)', part);
    execute format(
        'with moved as (delete from leads_raw_default where received_at >= %L and received_at < %L returning *) insert into %I select * from moved',
        day_start, day_end, part);
    execute format('alter table leads_raw attach partition %I for values from (%L) to (%L)', part, day_start, day_end);
    return true;
end $$;

-- Drops the partitions of days before one, unless something of them is still to be finished.
create function leads_raw_drop_before(day date) returns integer language plpgsql as $$
declare
    part text;
    dropped integer := 0;
begin
    perform pg_advisory_xact_lock(hashtext('leads_raw partitions'));
    if exists (select from raw_open where opened_at < (day + 1)::timestamp at time zone 'UTC') then
        return 0;
    end if;
    for part in
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'leads_raw'::regclass and c.relname ~ '^leads_raw_\d{8}$'
            and to_date(right(c.relname, 8), 'YYYYMMDD') < day
    loop
        execute format('drop table %I', part);
        dropped := dropped + 1;
    end loop;
    delete from leads_raw_default where received_at < day::timestamp at time zone 'UTC';
    delete from raw_outcomes where received_at < day::timestamp at time zone 'UTC';
    return dropped;
end $$;

-- What one commit received and is not known to be finished. Small and short-lived rows: vacuumed eagerly.
create table raw_open (
    id uuid not null,
    opened_at timestamptz not null default now(),
    organization_ids bigint[] not null,
    raw_ids uuid[] not null,
    attempts integer not null default 0,
    claimed_until timestamptz not null default '-infinity',
    constraint raw_open_pkey primary key (id),
    constraint raw_open_pairs check (cardinality(organization_ids) = cardinality(raw_ids))
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- When an id of version 7 was made: in which partition to look.
create function uuid_v7_time(id uuid) returns timestamptz language sql immutable parallel safe as $$
    select timestamptz 'epoch' + ('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint * interval '1 millisecond'
$$;

-- What became of the raw rows that are no lead of their own.
create table raw_outcomes (
    organization_id bigint not null,
    raw_id uuid not null,
    received_at timestamptz not null,
    outcome text not null,
    reason text,
    -- Of which lead it is a repeat.
    lead_id uuid,
    settled_at timestamptz not null default now(),
    constraint raw_outcomes_pkey primary key (organization_id, raw_id),
    constraint raw_outcomes_known check (outcome in ('invalid', 'duplicate', 'conflict', 'failed')),
    constraint raw_outcomes_repeat_of check ((lead_id is not null) = (outcome in ('duplicate', 'conflict')))
);
create index raw_outcomes_by_outcome on raw_outcomes (organization_id, outcome, raw_id);
create index raw_outcomes_by_time on raw_outcomes using brin (received_at);

-- Who was first with a key. Claimed by the first commit, so that commit alone decides.
create table ingest_keys (
    organization_id bigint not null,
    key text collate "C" not null,
    lead_id uuid not null,
    -- SHA-256 of the body as received.
    body_hash bytea not null,
    constraint ingest_keys_pkey primary key (organization_id, key),
    constraint ingest_keys_body_sha256 check (octet_length(body_hash) = 32)
);

create table leads (
    organization_id bigint not null,
    -- Of its raw row.
    id uuid not null,
    click_id text,
    country text,
    creo text,
    description text,
    domain text,
    email text,
    first_name text,
    ip text,
    lang text,
    last_name text,
    marker text,
    offer text,
    phone text,
    sourcetype text,
    -- Everything that has no column, as it came; null where that is nothing.
    extra json,
    status text not null default 'new',
    assigned_to text,
    notes text,
    idempotency_key text collate "C",
    body_hash bytea not null,
    -- Rises with each change.
    version integer not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint leads_pkey primary key (organization_id, id)
);
create unique index leads_idempotency_key on leads (organization_id, idempotency_key) where idempotency_key is not null;
-- New and unassigned leads, as they are made, are in neither, so a post does not pay for them.
create index leads_by_status on leads (organization_id, status, id) where status <> 'new';
create index leads_by_assignee on leads (organization_id, assigned_to, id) where assigned_to is not null;

create table lead_history (
    organization_id bigint not null,
    lead_id uuid not null,
    version integer not null,
    changed_at timestamptz not null,
    changed_by text not null,
    field text not null,
    before text,
    after text,
    constraint lead_history_pkey primary key (organization_id, lead_id, version, field)
);

create table jobs (
    organization_id bigint not null,
    -- UUID version 7.
    id uuid not null,
    kind text not null,
    -- What is to be done, by kind.
    spec json not null,
    state text not null default 'queued',
    -- Null until it is counted.
    total bigint,
    done bigint not null default 0,
    failed bigint not null default 0,
    -- How far it has come, by kind.
    position uuid,
    error text,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    claimed_until timestamptz not null default '-infinity',
    constraint jobs_pkey primary key (organization_id, id),
    constraint jobs_known check (state in ('queued', 'running', 'done', 'failed'))
);
create index jobs_unfinished on jobs (created_at) where state in ('queued', 'running');

do $$
begin
    for ahead in 0..3 loop
        perform leads_raw_make_day((now() at time zone 'UTC')::date + ahead);
    end loop;
end $$;
