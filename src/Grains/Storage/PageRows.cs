using Npgsql;

namespace LeadGrain.Grains.Storage;

/// <summary>A page of rows: bounded by their number and by their size, so that large ones make it shorter.</summary>
internal static class PageRows
{
    // A page ends with the row that brings it to this size, in characters and bytes: a thousand usual leads, or a few that are large.
    internal const int PageSize = 4 * 1024 * 1024;

    // What a statement finds is sent whole, however little of it is wanted. So the first asks for few rows, which may be large, and
    // each further one for so many times more; three make a page of a thousand.
    private const int FirstStep = 32;
    private const int Growth = 8;

    /// <summary>Reads rows until the page is full; whoever wants the rest asks for what is behind the last one.</summary>
    /// <param name="database">Where.</param>
    /// <param name="sql">Finds at most so many rows behind one of them.</param>
    /// <param name="read">Reads a row.</param>
    /// <param name="sizeOf">Of what was read, in characters and bytes.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="values">The statement's parameters: behind which row, null for the page's first, and how many.</param>
    /// <returns>The rows, and whether there are more.</returns>
    internal static async Task<(List<T> Rows, bool HasMore)> ReadPageAsync<T>(
        this NpgsqlDataSource database, string sql, Func<NpgsqlDataReader, T> read, Func<T, long> sizeOf, int limit, Func<T?, int, object?[]> values)
        where T : class
    {
        await using var connection = await database.OpenConnectionAsync();
        var (found, size) = (new List<T>(), 0L);
        for (var step = FirstStep; ; step *= Growth)
        {
            var asked = size >= PageSize ? 1 : Math.Min(step, limit + 1 - found.Count);
            var came = 0;
            await using var command = new NpgsqlCommand(sql, connection);
            command.Bind(values(found.LastOrDefault(), asked));
            await using (var row = await command.ExecuteReaderAsync())
            {
                for (; await row.ReadAsync(); came++)
                {
                    if (found.Count == limit || size >= PageSize)
                    {
                        return (found, true);
                    }

                    found.Add(read(row));
                    size += sizeOf(found[^1]);
                }
            }

            if (came < asked)
            {
                return (found, false);
            }
        }
    }
}
