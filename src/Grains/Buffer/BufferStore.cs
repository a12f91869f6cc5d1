using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Buffer;

/// <summary>The buffer and the served set in PostgreSQL: claims, checkpoints, pause and origins. Its other parts read and commit.</summary>
internal sealed partial class BufferStore(NpgsqlDataSource database, HotSessions hot, TimeProvider time)
{
    // A commit under way elsewhere is waited for, but not for ever: who claims comes again, and must not leave one waiting session
    // each time behind a process that hangs.
    private const string ClaimSql =
        """
        update namespaces n set epoch = n.epoch + 1
        from organizations o
        where o.app_id = $1 and o.org_id = $2 and n.organization_id = o.id and n.name = $3
            and set_config('lock_timeout', '5s', true) = '5s'
        returning n.id, n.epoch, n.settled_seq, n.settled_id, n.served_count, n.skipped_count, n.organization_id, n.paused_at is not null
        """;

    // An organization that stands is not written to: those who make its other namespaces at that moment would wait for this commit.
    private const string CreateSql =
        """
        with found as (
            select id from organizations where app_id = $1 and org_id = $2
        ), made as (
            insert into organizations (app_id, org_id) select $1, $2 where not exists (select from found)
            on conflict on constraint organizations_app_org_key do update set app_id = excluded.app_id
            returning id
        )
        insert into namespaces as n (organization_id, name) select id, $3 from (select id from found union all select id from made) organization
        on conflict on constraint namespaces_organization_name_key do update set epoch = n.epoch + 1
        returning n.id, n.epoch, n.settled_seq, n.settled_id, n.served_count, n.skipped_count, n.organization_id, n.paused_at is not null
        """;

    // Only what changes is noted. The lock leaves those alone who add rows that belong to the namespace.
    private static readonly string s_pauseSql =
        $"""
        with old as (
            select paused_at is not null as paused from namespaces where id = $1 and epoch = $2 for no key update
        ), done as (
            update namespaces n set paused_at = case when $3 then $4 end
            from old where n.id = $1 and n.epoch = $2 and old.paused <> $3
            returning 1
        ), noted as (
            {AuditStore.Append(firstParameter: 5, "(select json_build_object('paused', paused) from old)")} where exists (select from done)
        )
        select exists (select from old)
        """;

    /// <summary>Claims a namespace; null where it does not exist.</summary>
    /// <param name="key">The namespace.</param>
    /// <param name="unanswered">Served marks to take back where they were committed.</param>
    internal Task<ClaimedNamespace?> ClaimAsync(NamespaceKey key, IReadOnlyList<ServedMark> unanswered)
        => StorageFaults.GuardAsync(() => ClaimAsync(ClaimSql, key, unanswered));

    /// <summary>Claims a namespace, creating it where it does not exist.</summary>
    internal async Task<ClaimedNamespace> CreateAsync(NamespaceKey key)
        => (await StorageFaults.GuardAsync(() => ClaimAsync(CreateSql, key, [])))!;

    private async Task<ClaimedNamespace?> ClaimAsync(string sql, NamespaceKey key, IReadOnlyList<ServedMark> unanswered)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        ClaimedNamespace claimed;
        await using (var claim = Command(connection, sql, key.Tenant.App, key.Tenant.Org, key.Name))
        await using (var row = await claim.ExecuteReaderAsync())
        {
            if (!await row.ReadAsync())
            {
                return null;
            }

            var settled = new Checkpoint(row.GetInt64(2), row.GetGuid(3), row.GetInt64(4), row.GetInt64(5));
            claimed = new ClaimedNamespace(
                row.GetInt64(0), row.GetInt64(6), row.GetInt64(1), settled, row.GetBoolean(7), 0, Guid.Empty, HasHeld: false);
        }

        if (unanswered.Count > 0)
        {
            var counted = await TakeBackAsync(connection, claimed, unanswered);
            claimed = claimed with { Settled = claimed.Settled with { Served = claimed.Settled.Served - counted } };
        }

        claimed = await ReadEndsAsync(connection, claimed);
        await transaction.CommitAsync();
        return claimed;
    }

    private static async Task<ClaimedNamespace> ReadEndsAsync(NpgsqlConnection connection, ClaimedNamespace claimed)
    {
        await using var ends = Command(
            connection,
            """
            select
                (select last_seq from lead_batches where namespace_id = $1 order by first_seq desc limit 1),
                greatest(
                    (select id from served_leads where namespace_id = $1 order by id desc limit 1),
                    (select id from skipped_leads where namespace_id = $1 order by id desc limit 1)),
                exists (select from held_leads where namespace_id = $1)
            """,
            claimed.Id);
        await using var row = await ends.ExecuteReaderAsync();
        await row.ReadAsync();
        return claimed with
        {
            LastSeq = row.IsDBNull(0) ? 0 : row.GetInt64(0),
            LastId = row.IsDBNull(1) ? Guid.Empty : row.GetGuid(1),
            HasHeld = row.GetBoolean(2),
        };
    }

    // Nobody was given them, so it does not matter that a later activation has taken them for served: the checkpoint may cover them.
    // What was taken back out of the held leads waits again in its own place.
    private static async Task<long> TakeBackAsync(
        NpgsqlConnection connection, ClaimedNamespace claimed, IReadOnlyList<ServedMark> unanswered)
    {
        await using var takeBack = Command(
            connection,
            """
            with taken as (
                delete from served_leads where namespace_id = $1 and id = any($3) returning seq, id
            ), waiting as (
                insert into held_leads (namespace_id, rank, seq)
                select $1, -b.priority, b.seq from taken t
                cross join lateral buffered_lead($1, t.seq) b
                on conflict do nothing
            ), counted as (
                select count(*) as leads from taken where id <= $2
            ), settled as (
                update namespaces n set served_count = n.served_count - c.leads from counted c where n.id = $1 and c.leads > 0
            )
            select leads from counted
            """,
            claimed.Id,
            claimed.Settled.LastId,
            unanswered.Select(m => m.Id).ToArray());
        return (long)(await takeBack.ExecuteScalarAsync())!;
    }

    /// <summary>Stops or resumes handing out, and notes who did; false where the claim is no longer the newest.</summary>
    internal Task<bool> SetPausedAsync(ClaimedNamespace claimed, string name, bool paused, Actor actor) => StorageFaults.GuardAsync(async () =>
    {
        var now = time.GetUtcNow();
        await using var command = database.CreateCommand(s_pauseSql);
        command.Bind(claimed.Id, claimed.Epoch, paused, now.UtcDateTime);
        var action = paused ? "namespace_paused" : "namespace_resumed";
        var after = paused ? """{"paused":true}"""u8.ToArray() : """{"paused":false}"""u8.ToArray();
        AuditStore.Bind(command, [(0, new AuditEntry(claimed.OrganizationId, actor, action, "namespace", name, After: after))], now);
        return (bool)(await command.ExecuteScalarAsync())!;
    });

    /// <summary>The row of an origin, made where there is none; null where the claim is no longer the newest.</summary>
    internal Task<long?> FindOrAddOriginAsync(long namespaceId, long epoch, LeadOrigin origin)
        => StorageFaults.GuardAsync(async () =>
        {
            await using var command = database.CreateCommand(
                """
                with fence as (
                    select id, organization_id from namespaces where id = $1 and epoch = $2 for share
                ), found as (
                    select o.id from lead_origins o join fence on fence.id = o.namespace_id
                    where o.brand_id is not distinct from $3
                        and o.clerk_org_id is not distinct from $4
                        and o.clerk_user_id is not distinct from $5
                ), made as (
                    insert into lead_origins (organization_id, namespace_id, brand_id, clerk_org_id, clerk_user_id)
                    select fence.organization_id, fence.id, $3, $4, $5 from fence where not exists (select from found)
                    returning id
                )
                select id from found union all select id from made
                """);
            command.Bind(namespaceId, epoch, origin.BrandId, origin.ClerkOrgId, origin.ClerkUserId);
            return (long?)await command.ExecuteScalarAsync();
        });

    /// <summary>Writes a checkpoint; an older claim's is dropped.</summary>
    internal Task<int> WriteCheckpointAsync(long namespaceId, long epoch, Checkpoint checkpoint) => StorageFaults.GuardAsync(async () =>
    {
        // A hint does not wait for the disk: until it is committed, the namespace's next pulls wait for it, and whoever shares their commit.
        await using var command = database.CreateCommand(
            """
            update namespaces set settled_seq = $3, settled_id = $4, served_count = $5, skipped_count = $6
            where id = $1 and epoch = $2 and settled_id <= $4 and set_config('synchronous_commit', 'off', true) = 'off'
            """);
        command.Bind(namespaceId, epoch, checkpoint.Seq, checkpoint.LastId, checkpoint.Served, checkpoint.Skipped);
        return await command.ExecuteNonQueryAsync();
    });

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params object[] values)
    {
        var command = new NpgsqlCommand(sql, connection);
        command.Bind(values);
        return command;
    }
}
