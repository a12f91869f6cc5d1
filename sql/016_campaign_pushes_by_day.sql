-- A campaign that gets a daily cap in the middle of a day counts the leads that it was given that day, by when they were given. Rows
-- are added in the order of that time, so a summary of each stretch of pages finds a day's.
-- Locks: a lock that holds writes of campaign_pushes up while it is read once.
create index campaign_pushes_by_age on campaign_pushes using brin (created_at) with (pages_per_range = 16);
