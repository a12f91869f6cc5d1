-- The data of buffered leads as the text that the gateway has checked: PostgreSQL parsed them once more with each push, a sixth of
-- its work, and does so now where people read them as JSON.
-- Locks: lead_batches is written anew under an exclusive lock on it: pushes and pulls wait until this is done.

drop view buffered_leads;
drop function buffered_lead(bigint, bigint);

alter table lead_batches alter column datas type text[] using datas::text[];

-- A lead as a row. batch_seq is the key of its batch: who reads a range of seqs names a range of those as well.
create view buffered_leads as
select
    b.namespace_id, b.first_seq + l.n - 1 as seq, b.first_seq as batch_seq, b.origin_id, b.pushed_at,
    l.email, l.external_id, l.data::json as data, coalesce(l.priority, 0) as priority
from lead_batches b
cross join lateral unnest(b.emails, b.external_ids, b.datas, b.priorities) with ordinality as l (email, external_id, data, priority, n);

-- One lead, by the index, its data as text. Simple enough to be made part of the statement that calls it.
create function buffered_lead(of_namespace bigint, of_seq bigint)
returns table (seq bigint, origin_id bigint, pushed_at timestamptz, email text, external_id text, data text, priority integer)
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
