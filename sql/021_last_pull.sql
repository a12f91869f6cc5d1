-- The last pull of a namespace counts pulls on lease, and what was said of them since: a consumer that leases and never acknowledges pulls.
-- Locks: the view is replaced in an instant.

create or replace view namespace_status as
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
    greatest(last_pull.served_at, held.last_lease_at) as last_pull_at
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
    select count(*) filter (where h.due_at > now()) as leased, max(h.due_at - h.held_for) as last_lease_at from held_leads h
    where h.namespace_id = n.id and h.lease_id is not null
) held
cross join lateral (
    select count(*) as n from dead_leads d
    where d.namespace_id = n.id
) dead;
