using Npgsql;

namespace LeadGrain.Grains.Storage;

/// <summary>How the server is to treat a session of the <see cref="GrainsSetup.HotSource"/>.</summary>
public static class HotSessionSetup
{
    // A transaction of this process holds its namespaces' rows, and no other process can claim them meanwhile. Should the machine
    // vanish in the middle, the server is to notice it soon: by itself it waits for two hours.
    private const string EndWithProcessSql =
        """
        select set_config('idle_in_transaction_session_timeout', '10s', false), set_config('tcp_keepalives_idle', '5', false),
            set_config('tcp_keepalives_interval', '2', false), set_config('tcp_keepalives_count', '3', false)
        """;

    // glibc gives the top of the heap back to the system as soon as more than 128 KiB of it are free, which the end of a statement of
    // many rows leaves each time: pages given back and taken again were a third of what posts cost the server. Once a block of more
    // than that was freed, it keeps twice as much as the block (mallopt(3), M_MMAP_THRESHOLD). Elsewhere it does nothing.
    private const string KeepMemorySql = "select length(repeat('x', 524288))";

    /// <summary>Has the session keep a mebibyte of memory between its statements, and end soon after its process.</summary>
    public static async Task ApplyAsync(NpgsqlConnection connection)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { new(KeepMemorySql), new(EndWithProcessSql) } };
        await batch.ExecuteNonQueryAsync().ConfigureAwait(false);
    }
}
