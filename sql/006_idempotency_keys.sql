-- Answers kept for repeats of requests that carried an idempotency key, written in the commit of what they answer.
-- Locks: creates a table only.

create table idempotency_keys (
    organization_id bigint not null,
    route smallint not null,
    key text collate "C" not null,
    namespace_id bigint not null,
    -- SHA-256 of the request's body.
    body bytea not null,
    -- What is needed to answer again; leads are named by seq, not repeated.
    answer json not null,
    created_at timestamptz not null,
    constraint idempotency_keys_pkey primary key (organization_id, route, key),
    constraint idempotency_keys_body_sha256 check (octet_length(body) = 32)
);

-- For the removal of old ones; rows come in order of time, so block ranges do.
create index idempotency_keys_by_age on idempotency_keys using brin (created_at) with (pages_per_range = 16);
