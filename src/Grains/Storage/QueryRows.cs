using Npgsql;

namespace LeadGrain.Grains.Storage;

/// <summary>A query's rows, and what may be null in them, in one line.</summary>
internal static class QueryRows
{
    /// <summary>Reads all rows of a query. A caller who goes does not interrupt it: see <see cref="StorageFaults"/>.</summary>
    internal static async Task<List<T>> ReadAllAsync<T>(
        this NpgsqlDataSource database,
        string sql,
        Func<NpgsqlDataReader, T> read,
        params object?[] values)
    {
        await using var connection = await database.OpenConnectionAsync();
        return await connection.ReadAllAsync(sql, read, values);
    }

    /// <summary>As above, on a connection.</summary>
    internal static async Task<List<T>> ReadAllAsync<T>(
        this NpgsqlConnection connection,
        string sql,
        Func<NpgsqlDataReader, T> read,
        params object?[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Bind(values);
        await using var row = await command.ExecuteReaderAsync();
        var found = new List<T>();
        while (await row.ReadAsync())
        {
            found.Add(read(row));
        }

        return found;
    }

    /// <summary>A text that may be null.</summary>
    internal static string? Text(this NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    /// <summary>An instant that may be null.</summary>
    internal static DateTimeOffset? Time(this NpgsqlDataReader row, int column)
        => row.IsDBNull(column) ? null : new DateTimeOffset(row.GetDateTime(column), TimeSpan.Zero);
}
