using Npgsql;

namespace LeadGrain.Grains.Storage;

/// <summary>How a session of the <see cref="GrainsSetup.HotSource"/> uses the server's memory.</summary>
public static class SessionMemory
{
    // glibc gives the top of the heap back to the system as soon as more than 128 KiB of it are free, which the end of a statement of
    // many rows leaves each time: pages given back and taken again were a third of what posts cost the server. Once a block of more
    // than that was freed, it keeps twice as much as the block (mallopt(3), M_MMAP_THRESHOLD). Elsewhere it does nothing.
    private const string KeepMemorySql = "select length(repeat('x', 524288))";

    /// <summary>Has the session keep a mebibyte of memory between its statements.</summary>
    public static async Task KeepAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(KeepMemorySql, connection);
        await command.ExecuteScalarAsync().ConfigureAwait(false);
    }
}
