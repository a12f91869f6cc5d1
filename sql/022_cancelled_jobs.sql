-- A job can be cancelled: a replay of a window that nobody meant.
-- Locks: jobs, for the instant that its few rows are checked.

alter table jobs drop constraint jobs_known;
alter table jobs add constraint jobs_known check (state in ('queued', 'running', 'done', 'failed', 'cancelled'));
