using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Buffer;

/// <summary>Pushes: leads of many namespaces, buffered in one commit, each only under its claim's epoch.</summary>
internal sealed partial class BufferStore
{
    // From so many leads on, COPY's three more round trips cost less than it saves.
    private const int CopiedFrom = 100;

    /// <summary>Buffers leads of several namespaces, in one commit.</summary>
    /// <returns>In the order of the writes, whether each was done; false where its claim is no longer the newest, or a key of it was taken.</returns>
    internal async Task<bool[]> CommitPushesAsync(IReadOnlyList<PushWrite> writes)
    {
        var now = time.GetUtcNow().UtcDateTime;
        await using var session = await hot.RentAsync();
        try
        {
            return writes.Sum(static w => w.Leads.Count) < CopiedFrom
                ? await InsertAsync(session, writes, PushParts.Buffered, now)
                : await CopyAsync(session, writes, now);
        }
        catch (PostgresException exception) when (writes.Count == 1 && Violates(exception, "idempotency_keys_pkey"))
        {
            return [false];
        }
    }

    /// <summary>Writes all but the leads, which checks and locks the claims, then copies the leads of those that hold.</summary>
    private static async Task<bool[]> CopyAsync(HotSession session, IReadOnlyList<PushWrite> writes, DateTime now)
    {
        await using var transaction = await session.Connection.BeginTransactionAsync();
        var done = await InsertAsync(session, writes, PushParts.None, now);
        await using (var stream = await session.Connection.BeginRawBinaryCopyAsync(BufferCopy.Sql))
        {
            using var copy = new BufferCopy(stream, now);
            for (var i = 0; i < done.Length; i++)
            {
                foreach (var batch in LeadBatch.Of(done[i] ? writes[i].Leads : []))
                {
                    await copy.WriteAsync(writes[i].NamespaceId, batch);
                }
            }

            await copy.EndAsync();
        }

        await transaction.CommitAsync();
        return done;
    }

    private static async Task<bool[]> InsertAsync(HotSession session, IReadOnlyList<PushWrite> writes, PushParts parts, DateTime now)
    {
        List<(long Owner, WaitingLead Row)> rows = parts.HasFlag(PushParts.Buffered) ? PullParameters.Rows(writes, static w => w.Leads) : [];
        var prioritized = PullParameters.Rows(writes, static w => w.Leads.Where(static l => l.Lead.Priority != 0));
        var answers = PullParameters.Rows(writes, static w => w.Answers);
        parts |= (prioritized.Count > 0 ? PushParts.Prioritized : 0) | (answers.Count > 0 ? PushParts.Answers : 0);
        await using var command = session.Command(PushStatement.Of(parts));
        PullParameters.BindFence(command, writes, static w => w.NamespaceId, static w => w.Epoch);
        PushStatement.Bind(command, parts, rows, parts.HasFlag(PushParts.Buffered) ? FirstSeqs(writes) : [], prioritized, answers, now);
        var done = new bool[writes.Count];
        await using var row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync())
        {
            done[row.GetInt64(0) - 1] = true;
        }

        return done;
    }

    // Of each lead's batch, in the order of the leads.
    private static long[] FirstSeqs(IReadOnlyList<PushWrite> writes)
        => [.. writes.SelectMany(w => LeadBatch.Of(w.Leads)).SelectMany(b => Enumerable.Repeat(b.FirstSeq, b.Count))];
}
