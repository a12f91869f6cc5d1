using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Organizations;
using LeadGrain.Grains.Storage;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Audit;

/// <summary>The audit log is found by what is asked for, however long it is.</summary>
public sealed class AuditPlanTests
{
    private static readonly DateTime s_first = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [Fact]
    public async Task Entries_of_an_action_or_a_time_are_found_without_reading_those_of_others()
    {
        await using var database = await TestDatabase.CreateAsync();
        var organization = await new OrganizationStore(database.DataSource).FindOrAddAsync(new Tenant("app", "org"));

        // One a minute, for a month; the clock of who wrote the 20,000th was half a day behind.
        await database.ExecuteAsync(
            """
            insert into audit_log (organization_id, at, actor, action, entity, entity_id)
            select $1, $2 + n * interval '1 minute' - case n when 20000 then interval '12 hours' else interval '0' end,
                'test', case when n <= 5 then 'rare' else 'usual' end, 'lead', n::text
            from generate_series(1, 43200) n
            """,
            organization,
            s_first);
        await database.ExecuteAsync("vacuum analyze audit_log");
        var (store, all) = (new AuditLogStore(database.DataSource), new AuditQuery(null, null, null, null, null, null, null, 200));

        Assert.Equal(5, await FindAsync(all with { Action = "rare" }, 10));
        Assert.Equal(100, await FindAsync(all with { From = Minute(10_000), To = Minute(10_100) }, 3_500));
        Assert.Equal(31, await FindAsync(all with { From = Minute(43_170) }, 2_000));
        Assert.Equal(99, await FindAsync(all with { To = Minute(100) }, 2_000));
        Assert.Equal(3, await FindAsync(all with { From = Minute(19_279), To = Minute(19_281) }, 4_000)); // and the one that was late
        Assert.Equal(0, await FindAsync(all with { From = Minute(60_000) }, 2_000));
        Assert.Equal(0, await FindAsync(all with { To = s_first }, 2_000));
        Assert.Equal(201, await FindAsync(all, 201));

        async Task<int> FindAsync(AuditQuery query, int mostRead)
        {
            var read = await RowsRead.OfAsync(database, "audit_log", AuditLogStore.ListSql, command => command.Bind(
                "app", "org", long.MaxValue, query.Action, null, null, null, From(query), To(query), query.Limit + 1));
            Assert.InRange(read, 0, mostRead);
            var page = await store.ListAsync(new Tenant("app", "org"), query);
            return page.Entries.Length + (page.HasMore ? 1 : 0);
        }
    }

    private static DateTimeOffset Minute(int n) => s_first.AddMinutes(n);

    private static DateTime From(AuditQuery query) => query.From?.UtcDateTime ?? DateTime.SpecifyKind(DateTime.MinValue, DateTimeKind.Utc);

    private static DateTime To(AuditQuery query) => query.To?.UtcDateTime ?? DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc);
}
