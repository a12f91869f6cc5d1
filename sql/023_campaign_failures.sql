-- What takes long in a grid that has run for years: the audit log by action and by time was read through from its end. And a webhook is
-- given up for failures that follow each other, which needs to know when it last failed.
-- Locks: the column has no default, so the exclusive lock on campaigns for it is held for an instant; the index is built under a lock
-- that holds writes of audit_log up while it is read once.

alter table campaigns add column last_failed_at timestamptz;

create index audit_log_by_action on audit_log (organization_id, action, id);

-- The id from which on entries were made at that time or later, found by halves: ids rise with time, as far as clocks agree.
create function audit_log_from(wanted timestamptz) returns bigint language plpgsql stable as $$
declare
    first bigint := 0;
    after bigint := coalesce((select max(id) from audit_log), 0) + 1;
    middle bigint;
begin
    while first < after loop
        middle := first + (after - first) / 2;
        if (select at from audit_log where id >= middle order by id limit 1) < wanted then
            first := middle + 1;
        else
            after := middle;
        end if;
    end loop;
    return first;
end
$$;
