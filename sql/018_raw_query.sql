-- What a post's URL carried behind its path is kept with it: forms and senders put click ids and sources there.
-- Locks: an instant's exclusive lock of the raw log and its partitions for a column without a default.
alter table leads_raw add column query text;
