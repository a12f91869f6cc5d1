-- A day's partition is made only once the default partition is held: the copy of its rows comes behind the lock that may not be had, so
-- that with a long reader posts do not wait, minute by minute, for a copy that comes to nothing. And outcomes are forgotten page by page:
-- all of a long history were more than one statement can delete in its time.
-- Locks: functions only, so nothing that exists is locked. leads_raw_forget(date) stays for hosts of the version before.

create or replace function leads_raw_make_day(day date) returns boolean language plpgsql set lock_timeout = '200ms' as $$
declare
    part text := 'leads_raw_' || to_char(day, 'YYYYMMDD');
    day_start timestamptz := day::timestamp at time zone 'UTC';
    day_end timestamptz := (day + 1)::timestamp at time zone 'UTC';
begin
    perform pg_advisory_xact_lock(hashtext('leads_raw partitions'));
    if to_regclass(part) is not null then
        return false;
    end if;
    -- As attaching wants it.
    lock table leads_raw_default in access exclusive mode;
    execute format('create table %I (like leads_raw including all)', part);
    execute format(
        'with moved as (delete from leads_raw_default where received_at >= %L and received_at < %L returning *) insert into %I select * from moved',
        day_start, day_end, part);
    execute format('alter table leads_raw attach partition %I for values from (%L) to (%L)', part, day_start, day_end);
    return true;
end $$;

-- Deletes what is left of the days before one from some pages of a table, whose partitions are gone by then; the page to go on from, null
-- behind the last one, or where something of those days is still to be finished.
create function leads_raw_forget(part regclass, before date, from_page bigint, pages bigint) returns bigint language plpgsql as $$
declare
    next_page bigint := from_page + pages;
begin
    if exists (select from raw_open where opened_at < (before + 1)::timestamp at time zone 'UTC') then
        return null;
    end if;
    execute format('delete from %s where ctid >= $1 and ctid < $2 and received_at < $3', part)
    using format('(%s,0)', from_page)::tid, format('(%s,0)', next_page)::tid, before::timestamp at time zone 'UTC';
    return case when next_page * current_setting('block_size')::bigint < pg_relation_size(part) then next_page end;
end $$;
