using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Buffer;

/// <summary>Pulls: what many namespaces decided, written in one statement, each part only under its claim's epoch.</summary>
internal sealed partial class BufferStore
{
    /// <summary>Writes what several namespaces decided about their leads, in one commit.</summary>
    /// <returns>In the order of the writes, what became of each.</returns>
    internal async Task<PullResult[]> CommitPullsAsync(IReadOnlyList<PullWrite> writes)
    {
        var parts = PullParameters.Parts(writes);
        try
        {
            return await CommitPullsAsync(writes, parts);
        }
        catch (PostgresException exception) when (Violates(exception, "served_leads_namespace_email_key"))
        {
            // Nothing was done. Some email was served before, unknown to its grain: the database is to tell which.
            return await CommitPullsAsync(writes, parts | PullParts.Careful);
        }
        catch (PostgresException exception) when (writes.Count == 1 && Violates(exception, "idempotency_keys_pkey"))
        {
            return [PullResult.Fenced.Value];
        }
    }

    private async Task<PullResult[]> CommitPullsAsync(IReadOnlyList<PullWrite> writes, PullParts parts)
    {
        await using var session = await hot.RentAsync();
        await using var command = session.Command(PullStatement.Of(parts));
        PullParameters.Bind(command, writes, parts, time.GetUtcNow().UtcDateTime);
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        var current = row.GetFieldValue<long[]>(0);
        var served = row.IsDBNull(1) ? null : row.GetFieldValue<Guid[]>(1).ToHashSet();
        var leased = row.IsDBNull(2) ? null : row.GetFieldValue<Guid[]>(2).ToHashSet();
        var results = new PullResult[writes.Count];
        Array.Fill(results, PullResult.Fenced.Value);
        foreach (var owner in current)
        {
            results[owner - 1] = Result(writes[(int)owner - 1], served, leased);
        }

        // A large row is sent before the commit. What fails from here on must not be taken for done.
        await row.NextResultAsync();
        return results;
    }

    private static PullResult.Done Result(PullWrite write, HashSet<Guid>? served, HashSet<Guid>? leased)
    {
        if (served is null && write.Leased.Count == 0)
        {
            return PullResult.Done.All;
        }

        var missing = write.Served.Where(m => served is not null && !served.Contains(m.Id)).Select(m => m.Lead.Seq)
            .Concat(write.Leased.Where(l => !leased!.Contains(l.State.LeaseId!.Value)).Select(l => l.Lead.Seq))
            .ToHashSet();
        return missing.Count == 0 ? PullResult.Done.All : new PullResult.Done(missing);
    }

    private static bool Violates(PostgresException exception, string constraint)
        => exception.SqlState == PostgresErrorCodes.UniqueViolation && exception.ConstraintName == constraint;
}
