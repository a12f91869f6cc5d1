-- When the database last heard from a silo, by the database's own clock. A silo writes alive_at by the clock of its
-- machine: where that clock was set back an hour, the silo that is started next would take the one that died before it
-- for alive until the hour is over.
-- Locks: orleans_members, exclusively, for the moment of the change.
alter table orleans_members add column heard_at timestamptz not null default now();

create function orleans_members_hear() returns trigger language plpgsql as $$
begin
    new.heard_at := now();
    return new;
end
$$;

create trigger orleans_members_hear before update on orleans_members
for each row when (new.alive_at is distinct from old.alive_at)
execute function orleans_members_hear();
