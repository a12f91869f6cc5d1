-- Leases, priorities, dead leads, pause.
-- Locks: the new columns have constant defaults, so each alter table holds its exclusive lock for an instant only. The two
-- updates write one row per namespace that has skipped leads. Nothing else may run meanwhile, as always while migrating.
--
-- The buffer stays append-only and its plain order stays what it was: leads of priority 0, by seq. A lead that is out of
-- that order (of another priority, on lease, on a delay, or given back) has a row of held_leads until it is settled, so
-- what is settled is told by what has left both.

alter table lead_buffer add column priority integer not null default 0;
alter table namespaces add column paused_at timestamptz;

-- settled_seq now says: every lead of priority 0 up to it is served, skipped, held or dead. The counts go by id alone:
-- they are of all served and skipped leads up to settled_id, of whatever priority.
alter table namespaces drop constraint namespaces_checkpoint_adds_up;
alter table skipped_leads add column id uuid not null default '00000000-0000-0000-0000-000000000000';
create index skipped_leads_by_id on skipped_leads (namespace_id, id);
update namespaces n set skipped_count = k.n
from (select namespace_id, count(*) as n from skipped_leads group by namespace_id) k
where k.namespace_id = n.id;

create table held_leads (
    namespace_id bigint not null,
    -- The priority, negated, so that (rank, seq) rises in the order of serving.
    rank integer not null,
    seq bigint not null,
    attempts integer not null default 0,
    -- Both null: the lead waits. due_at alone: it waits from then on. Both: it is on lease until then.
    lease_id uuid,
    due_at timestamptz,
    -- How long the lease or the delay was granted for: a clock that stepped back while nobody ran cannot stretch it.
    held_for interval,
    constraint held_leads_pkey primary key (namespace_id, rank, seq),
    constraint held_leads_due check ((due_at is null) = (held_for is null) and (lease_id is null or due_at is not null)),
    constraint held_leads_attempts check (attempts >= 0)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

create table dead_leads (
    -- UUID version 7 of its death.
    id uuid not null,
    namespace_id bigint not null,
    rank integer not null,
    seq bigint not null,
    attempts integer not null,
    died_at timestamptz not null,
    constraint dead_leads_pkey primary key (namespace_id, id),
    constraint dead_leads_once unique (namespace_id, seq)
);

drop view namespace_status;

-- Each namespace with its exact counts: the checkpoint and what came after it.
create view namespace_status as
select
    n.id,
    n.organization_id,
    n.name,
    n.paused_at is not null as paused,
    n.settled_seq,
    n.settled_id,
    coalesce(tail.seq, 0) as pushed,
    coalesce(tail.seq, 0) - n.served_count - served.since - n.skipped_count - skipped.since - held.leased - dead.n as waiting,
    held.leased,
    dead.n as dead,
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
    where k.namespace_id = n.id and k.id > n.settled_id
) skipped
cross join lateral (
    select count(*) as leased from held_leads h
    where h.namespace_id = n.id and h.lease_id is not null and h.due_at > now()
) held
cross join lateral (
    select count(*) as n from dead_leads d
    where d.namespace_id = n.id
) dead;
