using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Embedded;

public interface INotes : IGrainWithStringKey
{
    Task<Noted> ReadAsync();

    Task WriteAsync(string text, int count);

    Task ClearAsync();

    Task EndAsync();

    /// <summary>Writes, and reads anew where that is refused.</summary>
    Task<bool> TryWriteAsync(string text);
}

public sealed record Note(string Text, string? More = null);

public sealed record Noted(string? Text, int Count, string? Etag, bool Exists, Guid Activation);

public sealed class Tally
{
    public int Count { get; set; } = 7;
}

internal sealed class NotesGrain(
    CellLog log,
    [PersistentState("note")] IPersistentState<Note> note,
    [PersistentState("tally", "elsewhere")] IPersistentState<Tally> tally) : Grain, INotes
{
    private readonly Guid _activation = Guid.NewGuid();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        log.Lines.Enqueue($"{note.State.Text} {tally.State.Count}");
        return Task.CompletedTask;
    }

    public Task<Noted> ReadAsync()
        => Task.FromResult(new Noted(note.State.Text, tally.State.Count, note.Etag, note.RecordExists, _activation));

    public async Task WriteAsync(string text, int count)
    {
        (note.State, tally.State.Count) = (new Note(text), count);
        await note.WriteStateAsync();
        await tally.WriteStateAsync();
    }

    public Task ClearAsync() => note.ClearStateAsync();

    public Task EndAsync()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public async Task<bool> TryWriteAsync(string text)
    {
        note.State = new Note(text);
        try
        {
            await note.WriteStateAsync();
            return true;
        }
        catch (InconsistentStateException)
        {
            await note.ReadStateAsync();
            return false;
        }
    }
}

public sealed class PersistentStateTests
{
    private const string TouchNote = "update embedded_grain_states set version = version + 1, state = '{\"Text\":\"theirs\"}' where name = 'note'";

    [Fact]
    public async Task A_written_state_is_there_before_the_next_activation_activates()
    {
        await using var db = await TestDatabase.CreateAsync();
        await using var host = await OwnerHost.OwningAsync(db.ConnectionString);
        var notes = host.Grain<INotes>("a");
        var empty = await notes.ReadAsync();
        Assert.Equal((null, 7, null, false), (empty.Text, empty.Count, empty.Etag, empty.Exists));
        await notes.WriteAsync("Zoë \0 \"quoted\"", 3);
        await notes.WriteAsync("Zoë \0 \"quoted\" twice", 4);
        await notes.EndAsync();
        var next = await notes.ReadAsync();
        Assert.Equal(("Zoë \0 \"quoted\" twice", 4, "2", true), (next.Text, next.Count, next.Etag, next.Exists));
        Assert.NotEqual(empty.Activation, next.Activation);
        Assert.Equal([" 7", "Zoë \0 \"quoted\" twice 4"], host.Cells.Lines);
        Assert.Null((await host.Grain<INotes>("b").ReadAsync()).Text);
    }

    [Fact]
    public async Task A_write_under_a_stale_version_is_refused_and_ends_the_activation()
    {
        await using var db = await TestDatabase.CreateAsync();
        await using var host = await OwnerHost.OwningAsync(db.ConnectionString);
        var notes = host.Grain<INotes>("a");
        await notes.WriteAsync("ours", 1);
        var before = await notes.ReadAsync();
        await db.DataSource.CreateCommand(TouchNote).ExecuteNonQueryAsync();
        var refused = await Assert.ThrowsAsync<InconsistentStateException>(() => notes.WriteAsync("ours again", 2));
        Assert.Equal("1", refused.CurrentEtag);
        var after = await notes.ReadAsync();
        Assert.Equal("theirs", after.Text);
        Assert.NotEqual(before.Activation, after.Activation);
    }

    [Fact]
    public async Task A_grain_that_mends_a_refused_write_itself_lives_on()
    {
        await using var db = await TestDatabase.CreateAsync();
        await using var host = await OwnerHost.OwningAsync(db.ConnectionString);
        var notes = host.Grain<INotes>("a");
        await notes.WriteAsync("ours", 1);
        var before = await notes.ReadAsync();
        await db.DataSource.CreateCommand(TouchNote).ExecuteNonQueryAsync();
        Assert.False(await notes.TryWriteAsync("ours again"));
        Assert.Equal(before with { Text = "theirs", Etag = "2" }, await notes.ReadAsync());
        Assert.True(await notes.TryWriteAsync("ours again"));
    }

    [Fact]
    public async Task A_first_write_is_refused_where_another_was_first()
    {
        await using var db = await TestDatabase.CreateAsync();
        await using var host = await OwnerHost.OwningAsync(db.ConnectionString);
        var notes = host.Grain<INotes>("a");
        await notes.ReadAsync();
        await db.DataSource.CreateCommand(
            "insert into embedded_grain_states (grain_type, grain_key, name, state) values ('NotesGrain', 'a', 'note', '{}')").ExecuteNonQueryAsync();
        await Assert.ThrowsAsync<InconsistentStateException>(() => notes.WriteAsync("ours", 1));
    }

    [Fact]
    public async Task Clearing_deletes_the_row_unless_it_was_written_meanwhile()
    {
        await using var db = await TestDatabase.CreateAsync();
        await using var host = await OwnerHost.OwningAsync(db.ConnectionString);
        var notes = host.Grain<INotes>("a");
        await notes.ClearAsync();
        await notes.WriteAsync("ours", 1);
        await notes.ClearAsync();
        Assert.False((await notes.ReadAsync()).Exists);
        Assert.Equal(1L, await db.ScalarAsync<long>("select count(*) from embedded_grain_states"));
        await notes.WriteAsync("ours", 1);
        await db.DataSource.CreateCommand(TouchNote).ExecuteNonQueryAsync();
        await Assert.ThrowsAsync<InconsistentStateException>(notes.ClearAsync);
        Assert.Equal("theirs", (await notes.ReadAsync()).Text);
    }
}
