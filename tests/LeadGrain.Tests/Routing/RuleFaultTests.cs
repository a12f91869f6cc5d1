using System.Net;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Routing;

/// <summary>Changes of settings whose answer is lost: nobody knows whether the database has them.</summary>
public sealed class RuleFaultTests
{
    [Fact]
    public async Task A_rule_that_was_removed_by_a_write_whose_answer_was_lost_routes_nobody_any_more()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        var rule = await grid.Client.AddRuleAsync(new { target = new { campaign = "1" } });
        Assert.Equal("1", (string?)(await grid.Client.IngestAsync(new { email = "a@acme.example" }))["assignedCampaignId"]);

        // Another session has done what the write does, and holds what it needs, until its own session is cut.
        await using (var connection = await database.DataSource.OpenConnectionAsync())
        await using (var done = await connection.BeginTransactionAsync())
        {
            await using (var delete = new Npgsql.NpgsqlCommand("delete from routing_rules", connection))
            {
                await delete.ExecuteNonQueryAsync();
            }

            var lost = grid.Client.SendAsync(HttpMethod.Delete, $"/routing/rules/{rule}");
            await database.LockWaitAsync(1);
            await database.ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await lost).Status);
            await done.CommitAsync();
        }

        Assert.Null((string?)(await grid.Client.IngestAsync(new { email = "b@acme.example" }))["assignedCampaignId"]);
        Assert.Equal(HttpStatusCode.NotFound, (await grid.Client.SendAsync(HttpMethod.Delete, $"/routing/rules/{rule}")).Status);
    }

    [Fact]
    public async Task Leads_that_could_not_be_taken_out_of_the_pool_do_not_count_in_their_rules_cap()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        for (var n = 0; n < 3; n++)
        {
            Assert.Equal("HELD", (string?)(await grid.Client.IngestAsync(new { email = $"{n}@acme.example" }))["status"]);
        }

        await database.ExecuteAsync(
            """
            create sequence tries;
            create function away() returns trigger language plpgsql as $$ begin
                perform nextval('tries'); -- which no rollback takes back
                raise exception 'away' using errcode = '57P03';
            end $$;
            create trigger away before insert or update on campaign_days for each row execute function away()
            """);
        await grid.Client.AddRuleAsync(new { target = new { campaign = "1" }, dailyCap = 3 });
        await Eventually.FindAsync("one was tried", () => database.ScalarAsync<bool>("select is_called from tries"), called => called);

        await database.ExecuteAsync("drop trigger away on campaign_days");
        await Eventually.FindAsync("all are routed", RouteAsync, routed => routed == 3);

        async Task<long> RouteAsync()
        {
            await grid.Client.SendAsync(HttpMethod.Post, "/routing/leads/route", """{"all":true}""");
            return await database.ScalarAsync<long>("select count(*) from routed_leads where campaign_id = '1'");
        }
    }
}
