-- What Orleans keeps in PostgreSQL: cluster membership, reminders, small grain states, and the statements by which its
-- AdoNet providers reach them. The providers fix the name of the table orleansquery, its keys, the parameters and the
-- result columns; the tables behind and the statements are ours.
-- Locks: creates tables only, so nothing that exists is locked.
--
-- Every statement is one: it commits whole or not at all, whoever else runs it at the same time. Grain keys can be longer than
-- an index entry may be, so unique constraints go by their SHA-256.

create table orleansquery (
    querykey text not null,
    querytext text not null,
    constraint orleansquery_pkey primary key (querykey)
);

-- One row a cluster. Each change of who is a member counts the version up, and is refused under an older one: so all
-- silos see the same changes in the same order.
create table orleans_membership_versions (
    cluster_id text not null,
    version int not null default 0,
    changed_at timestamptz not null default now(),
    constraint orleans_membership_versions_pkey primary key (cluster_id)
);

create table orleans_members (
    cluster_id text not null,
    address text not null,
    port int not null,
    -- Tells a silo from its predecessors on the same address and port.
    generation int not null,
    silo_name text not null,
    host_name text not null,
    -- 0 none, 1 created, 2 joining, 3 active, 4 shutting down, 5 stopping, 6 dead
    status int not null,
    gateway_port int not null,
    suspected_by text,
    started_at timestamptz not null,
    alive_at timestamptz not null,
    constraint orleans_members_pkey primary key (cluster_id, address, port, generation),
    constraint orleans_members_cluster_fkey foreign key (cluster_id) references orleans_membership_versions (cluster_id),
    constraint orleans_members_status_is_known check (status between 0 and 6)
);

create table orleans_reminders (
    service_id text not null,
    grain_id text not null,
    grain_id_sha256 bytea not null,
    name text not null,
    -- Places the grain on the ring by which silos share the reminders out.
    grain_hash int not null,
    start_at timestamptz not null,
    period_ms bigint not null,
    version int not null default 0,
    constraint orleans_reminders_pkey primary key (service_id, grain_id_sha256, name),
    constraint orleans_reminders_period_is_positive check (period_ms > 0)
);
create index orleans_reminders_by_hash on orleans_reminders (service_id, grain_hash);

create table orleans_grain_states (
    service_id text not null,
    state_name text not null,
    -- Number and GUID keys, in two halves; 0 with string keys.
    key_high bigint not null,
    key_low bigint not null,
    key_text text not null,
    key_text_sha256 bytea not null,
    version int not null default 1,
    -- Null once cleared.
    payload bytea,
    changed_at timestamptz not null default now(),
    constraint orleans_grain_states_pkey primary key (service_id, state_name, key_high, key_low, key_text_sha256)
);

-- Membership. The provider calls a cluster's id a deployment's.

insert into orleansquery (querykey, querytext) values
('InsertMembershipVersionKey', $sql$
with made as (
    insert into orleans_membership_versions (cluster_id) values (@DeploymentId)
    on conflict on constraint orleans_membership_versions_pkey do nothing
    returning 1
)
select exists (select from made)
$sql$),
('InsertMembershipKey', $sql$
with turn as (
    update orleans_membership_versions v
    set version = v.version + 1, changed_at = now()
    where v.cluster_id = @DeploymentId and v.version = @Version and not exists (
        select from orleans_members m
        where m.cluster_id = @DeploymentId and m.address = @Address and m.port = @Port and m.generation = @Generation
    )
    returning v.cluster_id
), joined as (
    insert into orleans_members (
        cluster_id, address, port, generation, silo_name, host_name, status, gateway_port, started_at, alive_at
    )
    select turn.cluster_id, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime
    from turn
    returning 1
)
select exists (select from joined)
$sql$),
('UpdateMembershipKey', $sql$
with turn as (
    update orleans_membership_versions v
    set version = v.version + 1, changed_at = now()
    where v.cluster_id = @DeploymentId and v.version = @Version and exists (
        select from orleans_members m
        where m.cluster_id = @DeploymentId and m.address = @Address and m.port = @Port and m.generation = @Generation
    )
    returning v.cluster_id
), changed as (
    update orleans_members m
    set status = @Status, suspected_by = @SuspectTimes, alive_at = @IAmAliveTime
    from turn
    where m.cluster_id = turn.cluster_id and m.address = @Address and m.port = @Port and m.generation = @Generation
    returning 1
)
select exists (select from changed)
$sql$),
('UpdateIAmAlivetimeKey', $sql$
update orleans_members
set alive_at = @IAmAliveTime
where cluster_id = @DeploymentId and address = @Address and port = @Port and generation = @Generation
$sql$),
('MembershipReadRowKey', $sql$
select
    v.version as "Version", m.address as "Address", m.port as "Port", m.generation as "Generation",
    m.silo_name as "SiloName", m.host_name as "HostName", m.status as "Status", m.gateway_port as "ProxyPort",
    m.suspected_by as "SuspectTimes", m.started_at as "StartTime", m.alive_at as "IAmAliveTime"
from orleans_membership_versions v
left join orleans_members m
    on m.cluster_id = v.cluster_id and m.address = @Address and m.port = @Port and m.generation = @Generation
where v.cluster_id = @DeploymentId
$sql$),
('MembershipReadAllKey', $sql$
select
    v.version as "Version", m.address as "Address", m.port as "Port", m.generation as "Generation",
    m.silo_name as "SiloName", m.host_name as "HostName", m.status as "Status", m.gateway_port as "ProxyPort",
    m.suspected_by as "SuspectTimes", m.started_at as "StartTime", m.alive_at as "IAmAliveTime"
from orleans_membership_versions v
left join orleans_members m on m.cluster_id = v.cluster_id
where v.cluster_id = @DeploymentId
$sql$),
('GatewaysQueryKey', $sql$
select address as "Address", gateway_port as "ProxyPort", generation as "Generation"
from orleans_members
where cluster_id = @DeploymentId and status = @Status and gateway_port > 0
$sql$),
('CleanupDefunctSiloEntriesKey', $sql$
delete from orleans_members
where cluster_id = @DeploymentId and status <> 3 and alive_at < @IAmAliveTime
$sql$),
('DeleteMembershipTableEntriesKey', $sql$
with emptied as (
    delete from orleans_members where cluster_id = @DeploymentId
)
update orleans_membership_versions set version = version + 1, changed_at = now() where cluster_id = @DeploymentId
$sql$);

-- Reminders.

insert into orleansquery (querykey, querytext) values
('UpsertReminderRowKey', $sql$
insert into orleans_reminders as r (service_id, grain_id, grain_id_sha256, name, grain_hash, start_at, period_ms)
values (@ServiceId, @GrainId, sha256(convert_to(@GrainId, 'UTF8')), @ReminderName, @GrainHash, @StartTime, @Period)
on conflict on constraint orleans_reminders_pkey do update
set start_at = excluded.start_at, period_ms = excluded.period_ms, grain_hash = excluded.grain_hash, version = r.version + 1
returning version as "Version"
$sql$),
('ReadReminderRowKey', $sql$
select grain_id as "GrainId", name as "ReminderName", start_at as "StartTime", period_ms as "Period", version as "Version"
from orleans_reminders
where service_id = @ServiceId and grain_id_sha256 = sha256(convert_to(@GrainId, 'UTF8')) and name = @ReminderName
$sql$),
('ReadReminderRowsKey', $sql$
select grain_id as "GrainId", name as "ReminderName", start_at as "StartTime", period_ms as "Period", version as "Version"
from orleans_reminders
where service_id = @ServiceId and grain_id_sha256 = sha256(convert_to(@GrainId, 'UTF8'))
$sql$),
-- A stretch of the ring: from begin, without it, to end; the second one passes the ring's seam.
('ReadRangeRows1Key', $sql$
select grain_id as "GrainId", name as "ReminderName", start_at as "StartTime", period_ms as "Period", version as "Version"
from orleans_reminders
where service_id = @ServiceId and grain_hash > @BeginHash and grain_hash <= @EndHash
$sql$),
('ReadRangeRows2Key', $sql$
select grain_id as "GrainId", name as "ReminderName", start_at as "StartTime", period_ms as "Period", version as "Version"
from orleans_reminders
where service_id = @ServiceId and (grain_hash > @BeginHash or grain_hash <= @EndHash)
$sql$),
('DeleteReminderRowKey', $sql$
with gone as (
    delete from orleans_reminders
    where service_id = @ServiceId and grain_id_sha256 = sha256(convert_to(@GrainId, 'UTF8')) and name = @ReminderName
        and version = @Version
    returning 1
)
select exists (select from gone)
$sql$),
('DeleteReminderRowsKey', $sql$
delete from orleans_reminders where service_id = @ServiceId
$sql$);

-- Grain states. A write under another version than the stored one answers no row, which the provider takes for a conflict.

insert into orleansquery (querykey, querytext) values
('ReadFromStorageKey', $sql$
select payload as "PayloadBinary", version as "Version"
from orleans_grain_states
where service_id = @ServiceId and state_name = @GrainTypeString and key_high = @GrainIdN0 and key_low = @GrainIdN1
    and key_text_sha256 = sha256(convert_to(coalesce(@GrainIdExtensionString, ''), 'UTF8'))
$sql$),
('WriteToStorageKey', $sql$
with changed as (
    update orleans_grain_states
    set payload = @PayloadBinary, version = version + 1, changed_at = now()
    where service_id = @ServiceId and state_name = @GrainTypeString and key_high = @GrainIdN0 and key_low = @GrainIdN1
        and key_text_sha256 = sha256(convert_to(coalesce(@GrainIdExtensionString, ''), 'UTF8'))
        and version = @GrainStateVersion
    returning version
), made as (
    insert into orleans_grain_states (service_id, state_name, key_high, key_low, key_text, key_text_sha256, payload)
    select
        @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, coalesce(@GrainIdExtensionString, ''),
        sha256(convert_to(coalesce(@GrainIdExtensionString, ''), 'UTF8')), @PayloadBinary
    where @GrainStateVersion is null
    on conflict on constraint orleans_grain_states_pkey do nothing
    returning version
)
select version as "NewGrainStateVersion" from changed
union all
select version from made
$sql$),
('ClearStorageKey', $sql$
update orleans_grain_states
set payload = null, version = version + 1, changed_at = now()
where service_id = @ServiceId and state_name = @GrainTypeString and key_high = @GrainIdN0 and key_low = @GrainIdN1
    and key_text_sha256 = sha256(convert_to(coalesce(@GrainIdExtensionString, ''), 'UTF8'))
    and version = @GrainStateVersion
returning version as "NewGrainStateVersion"
$sql$),
('DeleteStorageKey', $sql$
delete from orleans_grain_states
where service_id = @ServiceId and state_name = @GrainTypeString and key_high = @GrainIdN0 and key_low = @GrainIdN1
    and key_text_sha256 = sha256(convert_to(coalesce(@GrainIdExtensionString, ''), 'UTF8'))
    and version = @GrainStateVersion
returning version + 1 as "NewGrainStateVersion"
$sql$);
