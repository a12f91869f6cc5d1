using LeadGrain.Grains.Ingestion;
using LeadGrain.Tests.Leases;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Tests.Ingestion;

/// <summary>What is said of the days of the raw log that are gone is forgotten, however much it is.</summary>
public sealed class ForgottenTests
{
    [Fact]
    public async Task A_long_history_is_forgotten_in_steps_and_what_is_younger_stays()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);

        // As a statement is cut off that takes too long.
        await database.ExecuteAsync(
            """
            insert into raw_outcomes (organization_id, raw_id, received_at, outcome)
            select 1, gen_random_uuid(), case when n % 1000 = 0 then now() else '2020-02-03' end, 'invalid' from generate_series(1, 150000) n;
            create function refuse() returns trigger language plpgsql as $$
            begin
                if (select count(*) from gone) > 60000 then
                    raise exception 'too many' using errcode = '57014';
                end if;
                return null;
            end $$;
            create trigger refuse after delete on raw_outcomes referencing old table as gone for each statement execute function refuse()
            """);
        var partitions = grid.Services.GetRequiredService<PartitionStore>();

        await Eventually.Async("all is forgotten", () => partitions.DropAsync(DateTimeOffset.UtcNow, 5));

        Assert.Equal(150, await database.ScalarAsync<long>("select count(*) from raw_outcomes"));
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from raw_outcomes where received_at < now() - interval '1 day'"));
    }

    [Fact]
    public async Task That_it_cannot_be_forgotten_is_logged_and_unfinished_posts_do_not_wait_for_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync(
            """
            insert into raw_outcomes (organization_id, raw_id, received_at, outcome) values (1, gen_random_uuid(), '2020-02-03', 'invalid');
            create function away() returns trigger language plpgsql as $$ begin raise exception 'away' using errcode = '57014'; end $$;
            create trigger away before delete on raw_outcomes for each row execute function away()
            """);
        var every = new TimeSpan(0, 59, 57); // as nothing else waits
        var time = new FakeTime();
        using var running = time.Run();
        var passed = time.SetAsync((_, due) => due == every);
        using var log = new LogEntries();
        await using var grid = await TestGrid.StartAsync(
            database,
            builder =>
            {
                LeaseGrid.Use(builder, time);
                builder.Logging.AddProvider(log);
            },
            [.. LeaseGrid.Settings, ("RAW_RETENTION", "5"), ("Ingestion:DrainGrace", "00:00:00"), ("Ingestion:DrainEvery", $"{every}")]);

        // The first pass only looks at partitions. The third one does not come.
        await passed;
        await LeaveOpenAsync(database);
        time.Advance(every);

        await Eventually.FindAsync("nothing is open", () => CountOpenAsync(database), open => open == 0);
        Assert.Contains(log.All, line => line.Level == LogLevel.Warning && line.Text.Contains("could not be looked after", StringComparison.Ordinal));
        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from raw_outcomes"));
    }

    // Of an entry that is not there: nothing is made of it, and the list goes.
    private static Task<int> LeaveOpenAsync(TestDatabase database)
        => database.ExecuteAsync("insert into raw_open (id, organization_ids, raw_ids) values (gen_random_uuid(), '{1}', array[gen_random_uuid()])");

    private static Task<long> CountOpenAsync(TestDatabase database) => database.ScalarAsync<long>("select count(*) from raw_open");
}
