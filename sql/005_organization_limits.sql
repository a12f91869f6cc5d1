-- What an organization may ask for at once and by the second, where that differs from the process's defaults.
-- Locks: creates a table only; its foreign key takes a short lock on organizations that lets reads pass and holds inserts up
-- for the moment of this transaction.

create table organization_limits (
    organization_id bigint not null,
    -- Null: the default.
    requests_per_second integer,
    burst integer,
    max_in_flight integer,
    updated_at timestamptz not null,
    constraint organization_limits_pkey primary key (organization_id),
    constraint organization_limits_organization_fkey foreign key (organization_id) references organizations (id),
    constraint organization_limits_are_positive check (requests_per_second > 0 and burst > 0 and max_in_flight > 0)
);
