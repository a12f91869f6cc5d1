-- The enrichment cache, one entry an email for all tenants, and the ledger of the provider calls that filled it, so that no
-- answer is paid for twice without need and every call can be accounted for.
-- Locks: creates tables only, so nothing that exists is locked.

create table enrichments (
    id uuid not null,
    email_key text collate "C" not null,
    -- False: the provider knows nobody by that email. Worth keeping, since asking again may cost again.
    found boolean not null,
    first_name text,
    last_name text,
    title text,
    linkedin_url text,
    organization_name text,
    organization_domain text,
    organization_industry text,
    organization_size text,
    -- The provider's answer, as it came.
    response_raw json,
    provider text not null,
    fetched_at timestamptz not null,
    constraint enrichments_pkey primary key (email_key),
    constraint enrichments_id_key unique (id),
    constraint enrichments_email_key_is_normalized check (email_key <> '' and email_key = lower(email_key)),
    constraint enrichments_nobody_has_no_profile check (
        found or num_nonnulls(
            first_name, last_name, title, linkedin_url,
            organization_name, organization_domain, organization_industry, organization_size) = 0)
);

-- A row is the intent to pay, committed before the call, and is closed once with what became of it. A row closed as lost
-- is a presumption (its owner fell silent) and gives way to the truth, should the owner come back with it.
create table enrichment_calls (
    id uuid not null,
    email_key text collate "C" not null,
    provider text not null,
    app_id text not null,
    org_id text not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    outcome text,
    -- Null where no answer came.
    http_status integer,
    -- Null where it cannot be known: the call is open, lost, timed out, broke off or was answered unreadably.
    credits integer,
    constraint enrichment_calls_pkey primary key (id),
    constraint enrichment_calls_outcome_is_known check (outcome in (
        'found', 'not_found', 'refused', 'throttled', 'rejected', 'unavailable', 'timed_out', 'unreadable', 'lost')),
    constraint enrichment_calls_closed_as_a_whole check ((outcome is null) = (finished_at is null)),
    constraint enrichment_calls_open_has_no_result check (outcome is not null or num_nonnulls(http_status, credits) = 0),
    constraint enrichment_calls_answer_has_a_price check (outcome not in ('found', 'not_found') or credits is not null),
    constraint enrichment_calls_credits_not_negative check (credits >= 0),
    constraint enrichment_calls_http_status_is_one check (http_status between 100 and 599)
);
-- The guard against paying twice: one open intent an email, across all processes.
create unique index enrichment_calls_one_open_per_email on enrichment_calls (email_key) where outcome is null;
create index enrichment_calls_by_email on enrichment_calls (email_key, started_at);
create index enrichment_calls_by_organization on enrichment_calls (app_id, org_id, started_at);
