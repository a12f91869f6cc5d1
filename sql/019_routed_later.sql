-- When a lead that waited in the holding pool was routed: an email counts as routed before from then on, not from when the lead came.
-- Leads that are routed as they come have none, so they and the index stay apart. Those that left the pool before this count as they did.
-- Locks: the column has no default, so the exclusive lock on routed_leads for it is held for an instant; the index, empty at first, is
-- built under a lock that holds writes of the table up while it is read once.

alter table routed_leads add column routed_at timestamptz;
create index routed_leads_routed_later on routed_leads (organization_id, email_key, routed_at) where routed_at is not null;
