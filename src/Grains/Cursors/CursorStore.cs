using LeadGrain.Grains.Storage;
using Npgsql;
using NpgsqlTypes;

namespace LeadGrain.Grains.Cursors;

/// <summary>Cursors in PostgreSQL, kept as they were given.</summary>
internal sealed class CursorStore(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>The cursor as raw UTF-8 JSON; null where none was ever set.</summary>
    internal Task<byte[]?> GetAsync(long namespaceId, CancellationToken cancellationToken) => StorageFaults.GuardAsync(async () =>
    {
        cancellationToken.ThrowIfCancellationRequested(); // and never in the middle of a statement: see StorageFaults
        await using var command = database.CreateCommand("select state from cursors where namespace_id = $1");
        command.Bind(namespaceId);
        await using var row = await command.ExecuteReaderAsync(CancellationToken.None);
        return await row.ReadAsync(CancellationToken.None) ? row.GetFieldValue<byte[]>(0) : null;
    });

    /// <summary>Sets the cursor; false where the claim is no longer the newest.</summary>
    internal Task<bool> SetAsync(long namespaceId, long epoch, byte[] state, CancellationToken cancellationToken)
        => StorageFaults.GuardAsync(async () =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            await using var command = database.CreateCommand(
                """
                with fence as (
                    select id from namespaces where id = $1 and epoch = $2 for share
                )
                insert into cursors (namespace_id, state, updated_at) select id, $3, $4 from fence
                on conflict on constraint cursors_pkey do update set state = excluded.state, updated_at = excluded.updated_at
                """);
            command.Bind(namespaceId, epoch);
            command.Parameters.Add(new NpgsqlParameter { Value = state, NpgsqlDbType = NpgsqlDbType.Json });
            command.Bind(time.GetUtcNow().UtcDateTime);
            return await command.ExecuteNonQueryAsync(CancellationToken.None) == 1;
        });
}
