using System.Text.Json.Nodes;
using LeadGrain.Grains.Jobs;
using LeadGrain.Grains.Organizations;
using LeadGrain.Grains.Storage;
using LeadGrain.Tests.Ingestion;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LeadGrain.Tests.Jobs;

public sealed class JobRunnerTests
{
    [Fact]
    public async Task A_job_whose_steps_always_throw_fails_after_some_attempts_and_says_why_and_the_next_is_done()
    {
        await using var database = await TestDatabase.CreateAsync();
        var kind = new OddKind { Step = static _ => throw new NotSupportedException("not for callers") };
        await using var grid = await StartAsync(database, kind);
        var broken = await AddAsync(grid);

        var ended = await EndOfAsync(database, grid, broken);
        Assert.Equal(("failed", "NotSupportedException"), ((string?)ended["state"], (string?)ended["error"]));
        Assert.InRange(kind.Steps, 2, 10);

        kind.Step = static _ => Task.FromResult<JobStep?>(null);
        Assert.Equal("done", (string?)(await EndOfAsync(database, grid, await AddAsync(grid)))["state"]);
    }

    [Fact]
    public async Task A_job_whose_step_throws_once_is_done()
    {
        await using var database = await TestDatabase.CreateAsync();
        var kind = new OddKind();
        kind.Step = _ => kind.Steps == 1 ? throw new InvalidDataException() : Task.FromResult<JobStep?>(null);
        await using var grid = await StartAsync(database, kind);

        var ended = await EndOfAsync(database, grid, await AddAsync(grid));
        Assert.Equal(("done", null, 7), ((string?)ended["state"], (string?)ended["error"], (int)ended["total"]!));
    }

    [Fact]
    public async Task A_job_whose_runner_died_while_it_counted_is_counted_by_the_next_within_seconds()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync("insert into organizations (app_id, org_id) values ('app', 'org')");
        var organization = await database.ScalarAsync<long>("select id from organizations");
        var time = new FakeTime();
        var store = new JobStore(database.DataSource, database.DataSource, new OrganizationStore(database.DataSource), time);
        var counting = new TaskCompletionSource();
        var never = new TaskCompletionSource<long>();
        using var runner = NewRunner(store, time, new OddKind { Count = () => Hold(counting, never) });
        await store.AddAsync(organization, OddKind.KindName, "{}"u8.ToArray(), "test", "odd_started", "{}"u8.ToArray());
        await runner.StartAsync(CancellationToken.None);
        await Eventually.Async("it counts", () => counting.Task.IsCompleted, between: () => time.Advance(TimeSpan.FromSeconds(1)));
        Assert.True(await database.ScalarAsync<bool>("select total is null and claimed_until <= now() + interval '15 seconds' from jobs"));

        // The claim is renewed for as long as it counts.
        await database.ExecuteAsync("update jobs set claimed_until = now() + interval '1 millisecond'");
        await Eventually.Async(
            "the claim is renewed",
            () => database.ScalarAsync<bool>("select claimed_until > now() + interval '10 seconds' from jobs"),
            between: () => time.Advance(TimeSpan.FromSeconds(5)));

        // The claim of a dead one has run out; this one never answers.
        await database.ExecuteAsync("update jobs set claimed_until = now()");
        using var next = NewRunner(store, TimeProvider.System, new OddKind());
        await next.StartAsync(CancellationToken.None);
        await Eventually.Async("the next has done it", () => database.ScalarAsync<bool>("select state = 'done' and total = 7 from jobs"));
        await next.StopAsync(CancellationToken.None);
        never.SetException(new OperationCanceledException());
        await runner.StopAsync(CancellationToken.None);
        Assert.True(await database.ScalarAsync<bool>("select state = 'done' and total = 7 from jobs"));
    }

    [Fact]
    public async Task A_job_without_end_lets_others_go_first_now_and_then_and_ends_when_it_is_cancelled()
    {
        await using var database = await TestDatabase.CreateAsync();
        Guid? endless = null;
        var kind = new OddKind
        {
            Step = async job =>
            {
                await Task.Delay(20); // a step's work
                return job.Id == (endless ??= job.Id) ? new JobStep(1, 0, Guid.CreateVersion7()) : null;
            },
        };
        await using var grid = await StartAsync(database, kind);
        await AddAsync(grid);
        await Eventually.Async("it runs", () => kind.Steps > 2);

        var other = await AddAsync(grid);
        await Eventually.FindAsync("the other is done", () => grid.Client.ReadAsync($"/jobs/{other}"), job => (string?)job["state"] == "done");
        Assert.Equal("running", (string?)(await grid.Client.ReadAsync($"/jobs/{endless}"))["state"]);

        using var cancel = await grid.Client.DeleteAsync(new Uri($"/jobs/{endless}", UriKind.Relative));
        var cancelled = JsonNode.Parse(await cancel.Content.ReadAsStringAsync())!;
        Assert.Equal("cancelled", (string?)cancelled["state"]);
        Assert.NotNull(cancelled["finishedAt"]);
        using var again = await grid.Client.DeleteAsync(new Uri($"/jobs/{other}", UriKind.Relative));
        Assert.Equal("done", (string?)JsonNode.Parse(await again.Content.ReadAsStringAsync())!["state"]); // as it ended
        Assert.Single((await grid.Client.ReadAsync("/audit?action=job_cancelled"))["entries"]!.AsArray());
        var next = await AddAsync(grid);
        await Eventually.FindAsync("the runner goes on", () => grid.Client.ReadAsync($"/jobs/{next}"), job => (string?)job["state"] == "done");
        Assert.Equal("cancelled", (string?)(await grid.Client.ReadAsync($"/jobs/{endless}"))["state"]);
    }

    private static JobRunner NewRunner(JobStore store, TimeProvider time, IJobKind kind)
        => new(store, [kind], StoreTurn.Always, time, Microsoft.Extensions.Logging.Abstractions.NullLogger<JobRunner>.Instance);

    private static Task<long> Hold(TaskCompletionSource started, TaskCompletionSource<long> never)
    {
        started.TrySetResult();
        return never.Task;
    }

    private static Task<TestGrid> StartAsync(TestDatabase database, OddKind kind)
        => TestGrid.StartAsync(database, builder => builder.Services.AddSingleton<IJobKind>(kind));

    private static async Task<Guid> AddAsync(TestGrid grid)
    {
        var raw = grid.Services.GetRequiredService<Grains.Ingestion.RawStore>();
        return await grid.Services.GetRequiredService<JobStore>().AddAsync(await raw.EnsureOrganizationAsync("app", "org"), OddKind.KindName, "{}"u8.ToArray(), "test", "odd_started", "{}"u8.ToArray());
    }

    private static async Task<JsonNode> EndOfAsync(TestDatabase database, TestGrid grid, Guid job)
    {
        return await Eventually.FindAsync("the job ends", LookAsync, found => (string?)found["state"] is "done" or "failed");

        async Task<JsonNode> LookAsync()
        {
            // No pause between attempts.
            await database.ExecuteAsync("update jobs set claimed_until = '-infinity' where state = 'running'");
            return await grid.Client.ReadAsync($"/jobs/{job}");
        }
    }

    private sealed class OddKind : IJobKind
    {
        internal const string KindName = "odd";

        private int _steps;

        public string Name => KindName;

        internal Func<Task<long>> Count { get; init; } = static () => Task.FromResult(7L);

        internal Func<ClaimedJob, Task<JobStep?>> Step { get; set; } = static _ => Task.FromResult<JobStep?>(null);

        internal int Steps => _steps;

        public Task<long> CountAsync(ClaimedJob job, CancellationToken cancellationToken) => Count();

        public Task<JobStep?> StepAsync(ClaimedJob job, NpgsqlBatch batch, int most)
        {
            Interlocked.Increment(ref _steps);
            return Step(job);
        }
    }
}
