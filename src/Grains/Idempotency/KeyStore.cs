using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Grains.Idempotency;

/// <summary>Kept answers in PostgreSQL. They are written by the commits that they answer for.</summary>
internal sealed class KeyStore(NpgsqlDataSource database, HotSessions hot)
{
    // One look into the index for each, whatever the planner believes of the table's size: it grows within a minute from nothing
    // to many, and the plan of the first look is kept.
    private const string FindSql =
        """
        select a.n, k.namespace_id, k.body, k.answer, k.created_at < $4
        from unnest($1::bigint[], $2::smallint[], $3::text[]) with ordinality as a (organization_id, route, key, n)
        cross join lateral (
            select * from idempotency_keys k
            where k.organization_id = a.organization_id and k.route = a.route and k.key = a.key limit 1
        ) k
        """;

    // Too old an answer is none, and makes way for the next of its key.
    private const string RemoveFoundSql =
        """
        delete from idempotency_keys k
        using unnest($1::bigint[], $2::smallint[], $3::text[]) as a (organization_id, route, key)
        where k.organization_id = a.organization_id and k.route = a.route and k.key = a.key and k.created_at < $4
        """;

    // A commit whose wait for the standby was given up can be read, and can be lost yet. This one comes after it, and waits.
    private const string WaitSql = "select pg_logical_emit_message(true, 'leadgrain', '')";

    // Bounded, so that it never holds many rows locked; what is left over goes the next time.
    private const string RemoveSql =
        """
        delete from idempotency_keys
        where ctid = any(array(select ctid from idempotency_keys where created_at < $1 limit 10000))
        """;

    /// <summary>
    /// The answers kept since a time for several keys, in their order; null where there is none. They are as safe as when they
    /// were first given: a synchronous standby has them.
    /// </summary>
    internal async Task<FoundAnswer?[]> FindAsync(IReadOnlyList<KeyQuery> keys, DateTimeOffset since)
    {
        await using var session = await hot.RentAsync();
        await using var command = Command(session, FindSql, keys, since);
        var found = new FoundAnswer?[keys.Count];
        List<KeyQuery>? old = null;
        await using (var row = await command.ExecuteReaderAsync())
        {
            while (await row.ReadAsync())
            {
                var n = (int)row.GetInt64(0) - 1;
                if (row.GetBoolean(4))
                {
                    (old ??= []).Add(keys[n]);
                }
                else
                {
                    found[n] = new FoundAnswer(row.GetInt64(1), row.GetFieldValue<byte[]>(2), row.GetFieldValue<byte[]>(3));
                }
            }
        }

        if (old is not null)
        {
            await using var remove = Command(session, RemoveFoundSql, old, since);
            await remove.ExecuteNonQueryAsync();
        }

        if (Array.Exists(found, answer => answer is not null))
        {
            await using var wait = session.Command(WaitSql);
            await wait.ExecuteNonQueryAsync();
        }

        return found;
    }

    /// <summary>Removes some of the answers that are older than a time.</summary>
    /// <returns>How many.</returns>
    internal Task<int> RemoveAsync(DateTimeOffset before) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(RemoveSql);
        command.Bind(before.UtcDateTime);
        return await command.ExecuteNonQueryAsync();
    });

    private static NpgsqlCommand Command(HotSession session, string sql, IReadOnlyList<KeyQuery> keys, DateTimeOffset since)
    {
        var command = session.Command(sql);
        command.Bind(
            keys.Select(k => k.OrganizationId).ToArray(),
            keys.Select(k => (short)k.Route).ToArray(),
            keys.Select(k => k.Key).ToArray(),
            since.UtcDateTime);
        return command;
    }
}

/// <summary>A key to look up.</summary>
internal readonly record struct KeyQuery(long OrganizationId, KeyedRoute Route, string Key);
