-- What the embedded host keeps for itself: who owns the database, reminders, small grain states.
-- Unused, but harmless, under Orleans, which has tables of its own (sql/orleans/).
-- Locks: creates tables only, so nothing that exists is locked.

-- One row. The term goes up by one with each owner; a connection that was opened under an older term is refused or cut.
create table embedded_owner (
    only_row boolean not null default true,
    term bigint not null,
    constraint embedded_owner_pkey primary key (only_row),
    constraint embedded_owner_has_one_row check (only_row)
);
insert into embedded_owner (term) values (0);

create table embedded_reminders (
    grain_type text not null,
    grain_key text not null,
    name text not null,
    start_at timestamptz not null,
    period interval not null,
    constraint embedded_reminders_pkey primary key (grain_type, grain_key, name),
    constraint embedded_reminders_period_is_positive check (period > interval '0')
);

-- One row: every tick that was due by then has been sent. What was due since, while no owner lived, is sent once.
create table embedded_reminders_sent (
    only_row boolean not null default true,
    through timestamptz not null,
    constraint embedded_reminders_sent_pkey primary key (only_row),
    constraint embedded_reminders_sent_has_one_row check (only_row)
);
insert into embedded_reminders_sent (through) values (now());

create table embedded_grain_states (
    grain_type text not null,
    grain_key text not null,
    name text not null,
    version bigint not null default 1,
    state json not null,
    constraint embedded_grain_states_pkey primary key (grain_type, grain_key, name)
);
