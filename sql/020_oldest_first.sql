-- What is taken oldest first is found by its age: deliveries to forget, an organization's at a time, and leads that are due for their
-- namespace. Both were looked for among all that there were.
-- Locks: each index is built under a lock that holds writes of its table up while it is read once.

create index ingest_deliveries_by_organization on ingest_deliveries (organization_id, received_at);
drop index ingest_deliveries_by_age;

create index routed_leads_due_for_namespaces on routed_leads (organization_id, coalesce(namespace_due_at, created_at), id)
    where status = 'HELD' and namespace is not null;
drop index routed_leads_for_namespaces;
