using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.Tests.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Tests.Ingestion;

/// <summary>A post is kept where no grain answers, and is one lead whatever became of the call.</summary>
public sealed class KeptPostTests : IAsyncLifetime, IDisposable
{
    private const string Body = """{"email":"a@b.c"}""";

    private readonly Ingesters _ingesters = new();
    private readonly LogEntries _log = new();
    private readonly TaskCompletionSource _left = new();
    private TestDatabase _database = null!;
    private TestGrid _grid = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.CreateAsync();
        _grid = await TestGrid.StartAsync(
            _database,
            builder =>
            {
                builder.Logging.AddProvider(_log);
                builder.Services.AddSingleton<IStartupFilter>(new Watch(_left));
                _ingesters.Configure(builder);
            },
            ("Ingestion:CommitWait", "00:00:03"), ("Ingestion:DrainGrace", "00:00:00"), ("Ingestion:DrainEvery", "00:00:00.100"), ("LOG_LEVEL", "info"));
    }

    public async Task DisposeAsync()
    {
        await _grid.DisposeAsync();
        await _database.DisposeAsync();
    }

    public void Dispose() => _log.Dispose();

    [Fact]
    public async Task A_post_whose_sender_hangs_up_once_it_is_read_is_kept()
    {
        var asked = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        _ingesters.Answer = async (_, _, _) =>
        {
            asked.TrySetResult();
            await answer.Task;
            throw new OwnershipLostException();
        };
        using (var sender = new System.Net.Sockets.TcpClient())
        {
            await sender.ConnectAsync(System.Net.IPAddress.Loopback, _grid.Client.BaseAddress!.Port);
            var head = $"POST /api/lead HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {Body.Length}\r\n\r\n";
            await sender.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(head + Body));
            await asked.Task.WaitAsync(Eventually.Patience);
        }

        await _left.Task.WaitAsync(Eventually.Patience);
        answer.SetResult();

        await Eventually.FindAsync(
            "it is a lead", () => _database.ScalarAsync<long>("select count(*) from leads where email = 'a@b.c'"), found => found == 1);
    }

    [Theory]
    [InlineData(typeof(CancellationToken))] // it waits for ever
    [InlineData(typeof(OwnershipLostException))]
    [InlineData(typeof(TimeoutException))]
    [InlineData(typeof(OperationCanceledException))]
    public async Task A_post_whose_grain_does_not_answer_is_kept_and_is_one_lead(Type fault)
    {
        _ingesters.Answer = async (_, _, token) =>
        {
            if (fault == typeof(CancellationToken))
            {
                await Task.Delay(Timeout.Infinite, token);
            }

            throw (Exception)Activator.CreateInstance(fault)!;
        };

        var id = (await PostAsync(Body, "k")).MustBeCreated();

        Assert.Equal("a@b.c", (string?)(await _grid.Client.LeadAsync(id))["email"]);
        Assert.Equal("stored", (string?)(await _grid.Client.ReadAsync($"/raw/{id}"))["entry"]!["state"]);
        await MustHoldAsync(1, 1);
        Assert.Single(_log.All, entry => entry.Level == LogLevel.Warning && entry.Text.Contains("kept without its grain", StringComparison.Ordinal));
        await Eventually.Async("its line is written", () => _log.All.Any(entry => Equals(entry.Fields.GetValueOrDefault("LeadId"), id)));
        Assert.Equal("created", _log.All.Single(entry => entry.Fields.ContainsKey("LeadId")).Fields["Outcome"]);

        _ingesters.Answer = null;
        Assert.Equal(id, (await PostAsync(Body, "k")).MustBeRepeated());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("k")]
    public async Task A_post_that_was_committed_before_its_answer_was_lost_is_one_lead(string? key)
    {
        PostOutcome? lost = null;
        _ingesters.Answer = async (grain, post, token) =>
        {
            lost = await grain.IngestAsync(post, token);
            throw new TimeoutException();
        };

        var id = (await PostAsync(Body, key)).MustBeCreated();

        Assert.Equal(new PostOutcome.Created(id), lost);
        await MustHoldAsync(1, 1);
        if (key is not null)
        {
            Assert.Equal(id, (await PostAsync(Body, key)).MustBeRepeated());
            Assert.Equal(id, (await PostAsync("""{"email":"other@b.c"}""", key)).MustBeRepeated());
            await MustHoldAsync(3, 1);
            Assert.Equal(["conflict", "duplicate", "stored"], (await _grid.Client.RawAsync()).Select(entry => (string)entry["state"]!).Order());
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("k")]
    public async Task A_grain_that_commits_a_post_after_it_was_kept_comes_to_the_same(string? key)
    {
        Func<Task<PostOutcome>> late = null!;
        _ingesters.Answer = (grain, post, _) =>
        {
            late = () => grain.IngestAsync(post, CancellationToken.None);
            throw new TimeoutException();
        };

        var id = (await PostAsync(Body, key)).MustBeCreated();

        Assert.Equal(new PostOutcome.Created(id), await late());
        await MustHoldAsync(1, 1);
    }

    [Fact]
    public async Task A_post_of_which_no_lead_can_be_made_is_kept_and_refused_whoever_commits_it()
    {
        _ingesters.Answer = (_, _, _) => throw new OwnershipLostException();
        (await PostAsync("[1]", "k")).MustBeRefused(400, "invalid_payload");
        _ingesters.Answer = async (grain, post, token) =>
        {
            await grain.IngestAsync(post, token);
            throw new TimeoutException();
        };
        (await PostAsync("[2]", "k")).MustBeRefused(400, "invalid_payload");

        await MustHoldAsync(2, 0);
        Assert.Equal(2, (await _grid.Client.RawAsync("invalid")).Count);
        (await PostAsync(Body, "k")).MustBeCreated();
    }

    [Fact]
    public async Task A_repeat_is_told_from_a_lead_without_a_grain_too()
    {
        var first = (await PostAsync(Body, "by a grain")).MustBeCreated();
        _ingesters.Answer = (_, _, _) => throw new OwnershipLostException();

        Assert.Equal(first, (await PostAsync(Body, "by a grain")).MustBeRepeated());
        Assert.Equal(first, (await PostAsync("""{"email":"other@b.c"}""", "by a grain")).MustBeRepeated());
        var second = (await PostAsync(Body, "by none")).MustBeCreated();
        Assert.Equal(second, (await PostAsync(Body, "by none")).MustBeRepeated());

        await MustHoldAsync(5, 2);
    }

    [Fact]
    public async Task Of_many_posts_at_once_each_is_one_lead_whether_it_was_committed_before_or_not()
    {
        var calls = 0;
        _ingesters.Answer = async (grain, post, token) =>
        {
            switch (Interlocked.Increment(ref calls) % 3)
            {
                case 0:
                    return await grain.IngestAsync(post, token);
                case 1:
                    await grain.IngestAsync(post, token);
                    throw new TimeoutException();
                default:
                    // Both at once.
                    _ = grain.IngestAsync(post, CancellationToken.None);
                    throw new TimeoutException();
            }
        };

        var answers = await Task.WhenAll(Enumerable.Range(0, 90).Select(n => PostAsync($$"""{"email":"{{n}}@b.c"}""", n % 2 == 0 ? null : $"key-{n}")));

        Assert.Equal(90, answers.Select(answer => answer.MustBeCreated()).Distinct().Count());
        await MustHoldAsync(90, 90);
        Assert.Equal(90, await _database.ScalarAsync<long>("select count(distinct email) from leads"));
    }

    [Fact]
    public async Task Commits_of_the_same_posts_in_another_order_do_not_lock_each_other_out()
    {
        await _database.ExecuteAsync(
            """
            create function linger() returns trigger language plpgsql as $$ begin perform pg_sleep(0.0005); return new; end $$;
            create trigger linger before insert on leads_raw for each row execute function linger();
            create trigger linger before insert on leads for each row execute function linger()
            """);
        _ingesters.Answer = async (grain, post, token) =>
        {
            ImmutableArray<RawPost> posts = [.. Enumerable.Range(0, 300).Select(n => post with { Id = Guid.CreateVersion7() })];
            var both = await Task.WhenAll(grain.IngestManyAsync(posts, token), grain.IngestManyAsync([.. posts.Reverse()], token));
            return both[0][0];
        };

        (await PostAsync(Body)).MustBeCreated();

        await MustHoldAsync(300, 300);
        Assert.Equal(0, await _database.ScalarAsync<long>("select deadlocks from pg_stat_database where datname = current_database()"));
    }

    [Fact]
    public async Task A_kept_post_whose_lead_cannot_be_made_yet_waits_and_is_drained()
    {
        await _database.ExecuteAsync(
            """
            create function away() returns trigger language plpgsql as $$ begin raise exception 'away' using errcode = '57P03'; end $$;
            create trigger away before insert on leads for each row execute function away()
            """);
        _ingesters.Answer = async (grain, post, token) =>
        {
            await grain.IngestAsync(post, token);
            throw new TimeoutException();
        };

        var id = (await PostAsync(Body)).MustBeCreated();

        Assert.Equal(id, (Guid)Assert.Single(await _grid.Client.RawAsync("pending"))["id"]!);
        await _database.ExecuteAsync("drop trigger away on leads");
        await MustHoldAsync(1, 1);
        Assert.Equal("a@b.c", (string?)(await _grid.Client.LeadAsync(id))["email"]);
    }

    [Theory]
    [InlineData(typeof(StorageUnavailableException), "unavailable")]
    [InlineData(typeof(OverloadedException), "unavailable")]
    public async Task What_a_grain_answers_is_the_answer(Type fault, string error)
    {
        _ingesters.Answer = (_, _, _) => throw (Exception)Activator.CreateInstance(fault)!;

        (await PostAsync(Body)).MustBeRefused(503, error);

        await MustHoldAsync(0, 0);
    }

    [Fact]
    public async Task Where_no_grain_answers_and_the_raw_log_cannot_be_written_nothing_is_promised()
    {
        await _database.ExecuteAsync(
            """
            create function away() returns trigger language plpgsql as $$ begin raise exception 'away' using errcode = '57P03'; end $$;
            create trigger away before insert on raw_open for each row execute function away()
            """);
        _ingesters.Answer = (_, _, _) => throw new OwnershipLostException();

        (await PostAsync(Body)).MustBeRefused(503, "unavailable");

        await MustHoldAsync(0, 0);
        Assert.DoesNotContain(_log.All, entry => entry.Text.Contains("kept without its grain", StringComparison.Ordinal));
    }

    private Task<Gateway.Answer> PostAsync(string body, string? key = null) => _grid.Client.PostLeadAsync(body, key);

    private async Task MustHoldAsync(long posts, long leads)
    {
        await Eventually.FindAsync("nothing is open", () => CountAsync("raw_open"), open => open == 0);
        Assert.Equal((posts, leads), (await CountAsync("leads_raw"), await CountAsync("leads")));
    }

    private Task<long> CountAsync(string table) => _database.ScalarAsync<long>($"select count(*) from {table}");

    /// <summary>Tells when the server has seen that a caller hung up.</summary>
    private sealed class Watch(TaskCompletionSource left) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, rest) =>
            {
                context.RequestAborted.Register(() => left.TrySetResult());
                return rest(context);
            });
            next(app);
        };
    }
}
