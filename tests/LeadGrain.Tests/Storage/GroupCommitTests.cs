using System.Collections.Concurrent;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.Grains.Storage;
using Npgsql;

namespace LeadGrain.Tests.Storage;

public sealed class GroupCommitTests
{
    private readonly ConcurrentQueue<int[]> _commits = new();

    [Fact]
    public async Task Writes_that_arrive_during_a_commit_go_together_in_the_next()
    {
        var gate = new TaskCompletionSource();
        var group = Group(async writes =>
        {
            await gate.Task;
            return [.. writes.Select(w => w * 10)];
        });

        var first = group.CommitAsync(1);
        await StartedAsync(1);
        var others = Enumerable.Range(2, 50).Select(w => group.CommitAsync(w)).ToArray();
        gate.SetResult();

        Assert.Equal(10, await first);
        Assert.Equal(Enumerable.Range(2, 50).Select(i => i * 10), await Task.WhenAll(others));
        Assert.Equal([1, 50], _commits.Select(c => c.Length));
    }

    [Fact]
    public async Task A_commit_takes_no_more_than_its_limit_but_for_one_write_that_is_heavier()
    {
        var gate = new TaskCompletionSource();
        var group = Group(
            async writes =>
            {
                await gate.Task;
                return [.. writes];
            },
            maxWeight: 10);

        var first = group.CommitAsync(1);
        await StartedAsync(1);
        var others = new[] { 4, 6, 1, 25, 3 }.Select(w => group.CommitAsync(w)).ToArray();
        gate.SetResult();
        await Task.WhenAll([first, .. others]);

        Assert.Equal(["1", "4 6", "1", "25", "3"], _commits.Select(c => string.Join(' ', c)));
    }

    [Fact]
    public async Task Parties_take_turns_so_that_one_with_many_writes_does_not_hold_another_up()
    {
        var gate = new TaskCompletionSource();
        var group = Group(
            async writes =>
            {
                await gate.Task;
                return [.. writes];
            },
            maxWeight: 40,
            party: w => w % 10);

        var first = group.CommitAsync(1);
        await StartedAsync(1);
        var others = new[] { 11, 21, 31, 12, 22, 13 }.Select(w => group.CommitAsync(w)).ToArray();
        gate.SetResult();
        await Task.WhenAll([first, .. others]);

        Assert.Equal(["1", "11 12 13", "21", "22", "31"], _commits.Select(c => string.Join(' ', c)));
    }

    [Fact]
    public async Task One_write_that_the_database_refuses_fails_alone()
    {
        var gate = new TaskCompletionSource();
        var group = Group(async writes =>
        {
            await gate.Task;
            return writes.Contains(13) ? throw Refusal(PostgresErrorCodes.CheckViolation) : [.. writes];
        });

        var first = group.CommitAsync(1);
        await StartedAsync(1);
        var others = Enumerable.Range(10, 6).Select(w => group.CommitAsync(w)).ToArray();
        gate.SetResult();

        Assert.Equal(1, await first);
        await Assert.ThrowsAsync<PostgresException>(() => others[3]);
        var done = await Task.WhenAll(others.Where((_, i) => i != 3));
        Assert.Equal([10, 11, 12, 14, 15], done);
    }

    [Fact]
    public async Task A_database_that_is_away_fails_all_writes_of_the_commit_and_none_is_tried_again()
    {
        var gate = new TaskCompletionSource();
        var group = Group(async writes =>
        {
            await gate.Task;
            return writes.Contains(2) ? throw Refusal(PostgresErrorCodes.AdminShutdown) : [.. writes];
        });

        var first = group.CommitAsync(1);
        await StartedAsync(1);
        var others = new[] { 2, 3 }.Select(w => group.CommitAsync(w)).ToArray();
        gate.SetResult();

        await first;
        await Assert.ThrowsAsync<StorageUnavailableException>(() => others[0]);
        await Assert.ThrowsAsync<StorageUnavailableException>(() => others[1]);
        Assert.Equal(2, _commits.Count);
        Assert.Equal(4, await group.CommitAsync(4));
    }

    [Fact]
    public async Task A_write_that_is_given_up_is_dropped_unless_a_commit_has_taken_it()
    {
        var gate = new TaskCompletionSource();
        using var givenUp = new CancellationTokenSource();
        var group = Group(
            async writes =>
            {
                await gate.Task;
                return [.. writes];
            },
            maxWeight: 10,
            party: w => w % 2);

        var taken = group.CommitAsync(1, givenUp.Token);
        await StartedAsync(1);
        var dropped = new[] { 2, 3, 30 }.Select(w => group.CommitAsync(w, givenUp.Token)).ToArray();
        var kept = new[] { 4, 5 }.Select(w => group.CommitAsync(w, CancellationToken.None)).ToArray();
        await givenUp.CancelAsync();
        gate.SetResult();

        Assert.Equal(1, await taken);
        var done = await Task.WhenAll(kept);
        Assert.Equal([4, 5], done);
        foreach (var write in dropped)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
        }

        Assert.Equal(["1", "5 4"], _commits.Select(c => string.Join(' ', c)));

        // And the next one finds nothing left over.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => group.CommitAsync(6, givenUp.Token));
        Assert.Equal(7, await group.CommitAsync(7));
        Assert.Equal(["1", "5 4", "7"], _commits.Select(c => string.Join(' ', c)));
    }

    private static PostgresException Refusal(string state) => new("refused", "ERROR", "ERROR", state);

    private GroupCommit<int, int> Group(Func<IReadOnlyList<int>, Task<int[]>> commit, int maxWeight = int.MaxValue, Func<int, long>? party = null) => new(
        writes =>
        {
            _commits.Enqueue([.. writes]);
            return commit(writes);
        },
        weigh: w => w,
        maxWeight,
        maxConcurrent: 1,
        party);

    private async Task StartedAsync(int commits) => await Eventually.Async($"{commits} commits have started", () => _commits.Count >= commits);
}
