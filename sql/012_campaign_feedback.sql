-- Events of leads that no push is recorded of yet are kept until it is; campaigns that somebody removed are remembered, so
-- that the next lead does not set them up again by itself.
-- Locks: creates tables only, so nothing that exists is locked.

create table kept_feedback (
    organization_id bigint not null,
    request_id text collate "C" not null,
    -- Null where the event names none.
    campaign_id text collate "C",
    target_lead_id text collate "C" not null,
    engagement text collate "C" not null,
    received_at timestamptz not null,
    constraint kept_feedback_pkey primary key (organization_id, request_id),
    constraint kept_feedback_engagement_is_known check (engagement in ('bounced', 'replied', 'unsubscribed', 'complained'))
);
create index kept_feedback_by_time on kept_feedback (received_at);

create table removed_campaigns (
    organization_id bigint not null,
    campaign_id text collate "C" not null,
    removed_at timestamptz not null,
    constraint removed_campaigns_pkey primary key (organization_id, campaign_id)
);
