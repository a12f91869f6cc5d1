\set ns random(1, 64)
with claimed as (
    select id from queue where namespace_id = :ns and state = 0 order by id limit 1 for update skip locked
), marked as (
    update queue q set state = 1, served_at = now() from claimed c where q.id = c.id
    returning q.namespace_id, q.email, q.external_id, q.data
), served as (
    insert into queue_served (namespace_id, email_key, served_at)
    select namespace_id, lower(email), now() from marked
    returning email_key
)
select m.email, m.external_id, m.data from marked m, served;
