-- Partitions of the raw log are made and dropped with little patience: one that waited for a long reader would have every post
-- queue behind it. And jobs count the attempts that failed.
-- Locks: an instant's exclusive lock of jobs for a column whose default rewrites nothing. Functions only otherwise.

-- Attaching locks the default partition against its readers.
alter function leads_raw_make_day(date) set lock_timeout = '200ms';

-- Of hosts of the version before.
alter function leads_raw_drop_before(date) set lock_timeout = '200ms';

-- Drops the oldest partition of the days before one; false where there is none, or where something of them is still to be
-- finished. It locks all of the raw log, so nothing else may be in its transaction.
create function leads_raw_drop_day(before date) returns boolean language plpgsql set lock_timeout = '200ms' as $$
declare
    part text;
begin
    perform pg_advisory_xact_lock(hashtext('leads_raw partitions'));
    if exists (select from raw_open where opened_at < (before + 1)::timestamp at time zone 'UTC') then
        return false;
    end if;
    select min(c.relname) into part
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'leads_raw'::regclass and c.relname ~ '^leads_raw_\d{8}$'
        and to_date(right(c.relname, 8), 'YYYYMMDD') < before;
    if part is null then
        return false;
    end if;
    execute format('drop table %I', part);
    return true;
end $$;

-- Deletes what is left of the days before one where their partitions are gone.
create function leads_raw_forget(before date) returns boolean language plpgsql as $$
begin
    if exists (select from raw_open where opened_at < (before + 1)::timestamp at time zone 'UTC') then
        return false;
    end if;
    delete from leads_raw_default where received_at < before::timestamp at time zone 'UTC';
    delete from raw_outcomes where received_at < before::timestamp at time zone 'UTC';
    return true;
end $$;

-- Since the last step that was committed.
alter table jobs add column attempts integer not null default 0;
