-- The buffer by batches: the leads of a push are few rows of many leads each rather than a row a lead. A row's header, its index
-- entry and its share of the log cost more than a lead of common size, so a push takes a fraction of the work it took.
-- Locks: lead_buffer is copied, a row a lead as it was, and dropped, all under an exclusive lock on it: pushes and pulls wait until
-- this is done. The rest is created.

create table lead_batches (
    namespace_id bigint not null,
    -- Of its first lead and its last. seq is dense from 1 within a namespace: the greatest one is the number of leads ever buffered.
    first_seq bigint not null,
    last_seq bigint not null,
    origin_id bigint not null,
    pushed_at timestamptz not null,
    -- What the data of its leads come to together, not compressed.
    data_bytes integer not null,
    -- A lead has the same place in each; null where none of the leads has a value.
    emails text[] not null,
    external_ids text[],
    datas json[],
    priorities integer[],
    constraint lead_batches_pkey primary key (namespace_id, first_seq),
    constraint lead_batches_complete check (
        cardinality(emails) = last_seq - first_seq + 1
        and cardinality(coalesce(external_ids, emails)) = cardinality(emails)
        and (datas is null or cardinality(datas) = cardinality(emails))
        and (priorities is null or cardinality(priorities) = cardinality(emails))
    )
) with (toast_tuple_target = 8160); -- a batch of common size stays in its row, as it came

insert into lead_batches (namespace_id, first_seq, last_seq, origin_id, pushed_at, data_bytes, emails, external_ids, datas, priorities)
select
    namespace_id, seq, seq, origin_id, pushed_at, coalesce(octet_length(data::text), 0), array[email],
    case when external_id is not null then array[external_id] end,
    case when data is not null then array[data] end,
    case when priority <> 0 then array[priority] end
from lead_buffer;

drop view namespace_status;
drop table lead_buffer;

-- A lead as a row. batch_seq is the key of its batch: who reads a range of seqs names a range of those as well.
create view buffered_leads as
select
    b.namespace_id, b.first_seq + l.n - 1 as seq, b.first_seq as batch_seq, b.origin_id, b.pushed_at,
    l.email, l.external_id, l.data, coalesce(l.priority, 0) as priority
from lead_batches b
cross join lateral unnest(b.emails, b.external_ids, b.datas, b.priorities) with ordinality as l (email, external_id, data, priority, n);

-- One lead, by the index. Simple enough to be made part of the statement that calls it.
create function buffered_lead(of_namespace bigint, of_seq bigint)
returns table (seq bigint, origin_id bigint, pushed_at timestamptz, email text, external_id text, data json, priority integer)
language sql stable as $$
    select
        of_seq, b.origin_id, b.pushed_at, b.emails[b.place], b.external_ids[b.place], b.datas[b.place], coalesce(b.priorities[b.place], 0)
    from (
        select t.*, (of_seq - t.first_seq + 1)::integer as place
        from lead_batches t
        where t.namespace_id = of_namespace and t.first_seq <= of_seq
        order by t.first_seq desc limit 1
    ) b
    where of_seq <= b.last_seq
$$;

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
    select b.last_seq as seq, b.pushed_at from lead_batches b
    where b.namespace_id = n.id order by b.first_seq desc limit 1
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
