using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Jobs;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Ingestion;
using LeadGrain.Grains.Organizations;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using NpgsqlTypes;

namespace LeadGrain.Grains.Jobs;

/// <summary>Background jobs in PostgreSQL. A claim runs by the database's clock, which all hosts share.</summary>
internal sealed class JobStore(
    NpgsqlDataSource database, [FromKeyedServices(GrainsSetup.ListSource)] NpgsqlDataSource lists, OrganizationStore organizations, TimeProvider time)
{
    private const string Columns =
        "j.id, j.kind, j.state, j.total, j.done, j.failed, j.error, j.created_at, j.started_at, j.finished_at";

    private const string OfTenant = "j.organization_id = (select id from organizations where app_id = $1 and org_id = $2)";

    private static readonly string s_addSql =
        $"""
        with job as (
            insert into jobs (organization_id, id, kind, spec, created_at) values ($1, $2, $3, $4, $5)
        )
        {AuditStore.Append(firstParameter: 6)}
        """;

    private const string ListSql = $"select {Columns} from jobs j where {OfTenant} and j.id < $3 order by j.id desc limit $4";

    private const string FindSql = $"select {Columns} from jobs j where {OfTenant} and j.id = $3";

    private const string ClaimSql =
        """
        update jobs set state = 'running', started_at = coalesce(started_at, now()), claimed_until = now() + $1
        where (organization_id, id) = (
            select organization_id, id from jobs
            where state in ('queued', 'running') and claimed_until <= now()
            order by claimed_until, created_at limit 1 for update skip locked
        )
        returning organization_id, id, kind, spec, total, position
        """;

    private const string RenewSql =
        "update jobs set claimed_until = now() + $3 where organization_id = $1 and id = $2 and state = 'running' and total is null";

    private const string CountedSql = "update jobs set total = $3, claimed_until = now() + $4 where organization_id = $1 and id = $2";

    // Behind those that wait by then; where none does it goes on.
    private const string GiveBackSql =
        """
        update jobs set claimed_until = now()
        where organization_id = $1 and id = $2 and state = 'running' and exists (
            select from jobs o where o.state in ('queued', 'running') and o.claimed_until <= now() and (o.organization_id, o.id) <> ($1, $2))
        """;

    private static readonly string s_cancelSql =
        $"""
        with done as (
            update jobs j set state = 'cancelled', finished_at = now() where {OfTenant} and j.id = $3 and j.state in ('queued', 'running')
            returning j.organization_id
        )
        {AuditStore.Append(firstParameter: 4)} where exists (select from done where done.organization_id = entry.organization_id)
        """;

    // Only from where the step began: a runner that lost its claim finds another's progress, and its step is undone.
    private const string ProgressSql =
        """
        update jobs set done = done + $4, failed = failed + $5, position = $6, claimed_until = now() + $7, attempts = 0, error = null
        where organization_id = $1 and id = $2 and state = 'running' and position is not distinct from $3
        """;

    private const string FinishSql =
        """
        update jobs set state = $3, error = $4, finished_at = now()
        where organization_id = $1 and id = $2 and state = 'running'
        """;

    private const string FaultSql =
        """
        update jobs set
            attempts = attempts + 1, error = $3, claimed_until = now() + $5 * (1 << attempts),
            state = case when attempts + 1 < $4 then state else 'failed' end,
            finished_at = case when attempts + 1 < $4 then finished_at else now() end
        where organization_id = $1 and id = $2 and state = 'running'
        """;

    /// <summary>Adds a job, and to the audit log who did what to start it and what was asked for; its id.</summary>
    internal Task<Guid> AddAsync(long organizationId, string kind, byte[] spec, Actor actor, string action, byte[] asked) => StorageFaults.GuardAsync(async () =>
    {
        var now = time.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        await using var command = database.CreateCommand(s_addSql);
        command.Bind(organizationId, id, kind);
        command.Parameters.Add(new NpgsqlParameter { Value = spec, NpgsqlDbType = NpgsqlDbType.Json });
        command.Bind(now.UtcDateTime);
        AuditStore.Bind(command, [(0, new AuditEntry(organizationId, actor, action, "job", $"{id}", After: asked))], now);
        await command.ExecuteNonQueryAsync();
        return id;
    });

    internal Task<JobPage> ListAsync(Tenant tenant, Guid? before, int limit) => StorageFaults.GuardAsync(async () =>
    {
        var jobs = await lists.ReadAllAsync(ListSql, Read, tenant.App, tenant.Org, before ?? Guid.AllBitsSet, limit + 1);
        return new JobPage([.. jobs.Take(limit)], jobs.Count > limit);
    });

    internal Task<Job?> FindAsync(Tenant tenant, Guid id) => StorageFaults.GuardAsync(async () =>
        (await database.ReadAllAsync(FindSql, Read, tenant.App, tenant.Org, id)).SingleOrDefault());

    /// <summary>Ends a job that has not ended; what it has done stays.</summary>
    internal async Task CancelAsync(Tenant tenant, Guid id, Actor actor)
    {
        if (await organizations.FindAsync(tenant) is not { } organizationId)
        {
            return;
        }

        await StorageFaults.GuardAsync(async () =>
        {
            await using var command = database.CreateCommand(s_cancelSql);
            command.Bind(tenant.App, tenant.Org, id);
            AuditStore.Bind(command, [(0, new AuditEntry(organizationId, actor, "job_cancelled", "job", $"{id}"))], time.GetUtcNow());
            return await command.ExecuteNonQueryAsync();
        });
    }

    /// <summary>Lets other jobs go first, where some wait.</summary>
    /// <returns>Whether they do: the claim is given back then.</returns>
    internal Task<bool> GiveBackAsync(ClaimedJob job) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(GiveBackSql);
        command.Bind(job.OrganizationId, job.Id);
        return await command.ExecuteNonQueryAsync() > 0;
    });

    /// <summary>Claims the unfinished job that nobody works on and that waits for longest; null where there is none.</summary>
    internal Task<ClaimedJob?> ClaimAsync(TimeSpan claimFor) => StorageFaults.GuardAsync(async () =>
        (await database.ReadAllAsync(
            ClaimSql,
            static row => new ClaimedJob(
                row.GetInt64(0),
                row.GetGuid(1),
                row.GetString(2),
                row.GetFieldValue<byte[]>(3),
                row.IsDBNull(4) ? null : row.GetInt64(4),
                row.IsDBNull(5) ? null : row.GetGuid(5)),
            claimFor)).SingleOrDefault());

    internal Task SetTotalAsync(ClaimedJob job, long total, TimeSpan claimFor) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(CountedSql);
        command.Bind(job.OrganizationId, job.Id, total, claimFor);
        return await command.ExecuteNonQueryAsync();
    });

    /// <summary>Keeps the claim of a job that is being counted.</summary>
    /// <returns>Whether it still is to be: false where it was cancelled, or another has counted it.</returns>
    internal Task<bool> RenewAsync(ClaimedJob job, TimeSpan claimFor) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(RenewSql);
        command.Bind(job.OrganizationId, job.Id, claimFor);
        return await command.ExecuteNonQueryAsync() > 0;
    });

    /// <summary>Counts an attempt that failed since the last step; after so many the job has failed, else it is tried again.</summary>
    /// <param name="job">The job.</param>
    /// <param name="error">What went wrong, in a word.</param>
    /// <param name="most">Attempts.</param>
    /// <param name="pause">Before the next, doubled with each.</param>
    internal Task FaultAsync(ClaimedJob job, string error, int most, TimeSpan pause) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(FaultSql);
        command.Bind(job.OrganizationId, job.Id, error, most, pause);
        return await command.ExecuteNonQueryAsync();
    });

    internal Task FinishAsync(ClaimedJob job, string? error) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(FinishSql);
        command.Bind(job.OrganizationId, job.Id, error is null ? "done" : "failed");
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)error ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        return await command.ExecuteNonQueryAsync();
    });

    /// <summary>Commits a step with its progress.</summary>
    /// <returns>False where another runner has the job by now; then nothing was done.</returns>
    internal Task<bool> StepAsync(ClaimedJob job, Func<NpgsqlBatch, Task<JobStep?>> prepare, TimeSpan claimFor, Action<JobStep?> prepared)
        => StorageFaults.GuardAsync(async () =>
        {
            await using var connection = await database.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            await using var batch = connection.CreateBatch();
            var step = await prepare(batch);
            prepared(step);
            if (step is null)
            {
                return true;
            }

            if (batch.BatchCommands.Count > 0)
            {
                await batch.ExecuteNonQueryAsync();
            }

            await using var command = new NpgsqlCommand(ProgressSql, connection, transaction);
            command.Bind(job.OrganizationId, job.Id);
            command.Parameters.Add(new NpgsqlParameter { Value = (object?)job.Position ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
            command.Bind(step.Done, step.Failed, step.Position, claimFor);
            if (await command.ExecuteNonQueryAsync() == 0)
            {
                return false;
            }

            await transaction.CommitAsync();
            return true;
        });

    private static Job Read(NpgsqlDataReader row) => new(
        row.GetGuid(0),
        row.GetString(1),
        row.GetString(2),
        row.IsDBNull(3) ? null : row.GetInt64(3),
        row.GetInt64(4),
        row.GetInt64(5),
        row.Text(6),
        row.Time(7)!.Value,
        row.Time(8),
        row.Time(9));
}
