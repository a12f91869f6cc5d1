using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.GrainInterfaces.Routing;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Gate;
using LeadGrain.Grains.Organizations;
using LeadGrain.Grains.Routing;
using LeadGrain.Grains.Storage;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.Options;

namespace LeadGrain.Tests.Routing;

/// <summary>Two claims of one organization's routing, as two activations of it would make: only the newer one can write.</summary>
public sealed class RoutingFenceTests
{
    private static readonly RoutingRule s_rule = RuleMaker.Rule(1);
    private static readonly Health s_green = new(HealthClass.Green, 100, []);

    [Fact]
    public async Task Two_activations_that_route_one_email_at_once_make_one_assigned_lead()
    {
        await using var database = await TestDatabase.CreateAsync();
        var organization = await new OrganizationStore(database.DataSource).FindOrAddAsync(new Tenant("app", "org"));
        var caps = new CapStore(database.DataSource, TimeProvider.System);
        using var hot = new HotSessions(database.DataSource, TimeProvider.System);
        var leads = new RoutedLeadStore(database.DataSource, database.DataSource, hot, Options.Create(new RoutingOptions()), TimeProvider.System);
        var query = new HistoryQuery(organization, "jane@acme.example", new byte[32], DateTimeOffset.UtcNow.AddDays(-1));

        // Both have looked the email up before either writes.
        var first = await caps.ClaimAsync(organization);
        Assert.Empty((await leads.LookUpAsync([query])).Single().Routed);
        var second = await caps.ClaimAsync(organization);
        Assert.Empty((await leads.LookUpAsync([query])).Single().Routed);

        Assert.Equal([IngestCommit.Fenced, IngestCommit.Done], await leads.CommitAsync([Write(organization, first), Write(organization, second)]));
        Assert.Equal([IngestCommit.Fenced], await leads.CommitAsync([Write(organization, first)]));
        Assert.Single((await leads.LookUpAsync([query])).Single().Routed);
        Assert.Equal("1 1 1", await CountsAsync(database));
    }

    [Fact]
    public async Task A_claim_waits_for_a_commit_under_way_and_then_sees_its_lead()
    {
        await using var database = await TestDatabase.CreateAsync();
        var organization = await new OrganizationStore(database.DataSource).FindOrAddAsync(new Tenant("app", "org"));
        var caps = new CapStore(database.DataSource, TimeProvider.System);
        using var hot = new HotSessions(database.DataSource, TimeProvider.System);
        var leads = new RoutedLeadStore(database.DataSource, database.DataSource, hot, Options.Create(new RoutingOptions()), TimeProvider.System);
        var epoch = await caps.ClaimAsync(organization);

        // A commit that stands still: somebody else is about to write its lead's push.
        var write = Write(organization, epoch);
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var holding = await connection.BeginTransactionAsync();
        await using (var hold = new Npgsql.NpgsqlCommand(
            "insert into campaign_pushes (lead_id, organization_id, campaign_id) values ($1, 0, '')", connection, holding))
        {
            hold.Parameters.AddWithValue(write.Id);
            await hold.ExecuteNonQueryAsync();
        }

        var commit = leads.CommitAsync([write]);
        await database.LockWaitAsync(1);
        var claim = caps.ClaimAsync(organization);
        await database.LockWaitAsync(2);
        Assert.False(claim.IsCompleted);
        await holding.RollbackAsync();

        Assert.Equal([IngestCommit.Done], await commit);
        Assert.Equal(epoch + 1, await claim);
    }

    [Fact]
    public async Task A_stale_activation_changes_neither_rules_nor_gate()
    {
        await using var database = await TestDatabase.CreateAsync();
        var organization = await new OrganizationStore(database.DataSource).FindOrAddAsync(new Tenant("app", "org"));
        var caps = new CapStore(database.DataSource, TimeProvider.System);
        var rules = new RuleStore(database.DataSource, TimeProvider.System);
        var gates = new GateStore(database.DataSource, TimeProvider.System);
        var stale = new RoutingState(organization, await caps.ClaimAsync(organization), [], GateSettings.Default);
        Assert.True(await rules.AddAsync(stale, s_rule.Id, s_rule.Definition, "admin"));
        var current = stale with { Epoch = await caps.ClaimAsync(organization) };

        Assert.False(await rules.AddAsync(stale, Guid.NewGuid(), s_rule.Definition, "admin"));
        Assert.False(await rules.ReplaceAsync(stale, s_rule, s_rule.Definition with { Priority = 9 }, "admin"));
        Assert.False(await rules.DeleteAsync(stale, s_rule, "admin"));
        Assert.False(await gates.SetAsync(organization, stale.Epoch, GateSettings.Default, GateSettings.Default with { GreenFrom = 90 }, "admin"));
        Assert.Equal(0, Assert.Single(await rules.ListAsync(organization)).Definition.Priority);
        Assert.Equal(GateSettings.Default, await gates.GetAsync(organization));
        Assert.True(await rules.ReplaceAsync(current, s_rule, s_rule.Definition with { Priority = 9 }, "admin"));
        Assert.True(await rules.DeleteAsync(current, s_rule, "admin"));
    }

    [Fact]
    public async Task A_superseded_activation_makes_way_and_its_callers_do_not_notice()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        await grid.Client.AddRuleAsync(new { target = new { campaign = "1" } });
        for (var n = 0; n < 3; n++)
        {
            await database.ExecuteAsync("update routing_epochs set epoch = epoch + 1");
            Assert.Equal("1", (string)(await grid.Client.IngestAsync(new { email = $"{n}@acme.example" }))["assignedCampaignId"]!);
        }
    }

    private static IngestWrite Write(long organization, long epoch)
    {
        var id = Guid.CreateVersion7();
        return new IngestWrite(
            organization,
            epoch,
            id,
            new NewRoutedLead("jane@acme.example", null, null, "api", "{}"u8.ToArray()),
            s_green,
            RoutedStatus.Held,
            s_rule,
            default,
            new AuditEntry(organization, "admin", "assigned", "lead", $"{id}"));
    }

    private static Task<string> CountsAsync(TestDatabase database) => database.ScalarAsync<string>(
        "select concat_ws(' ', (select count(*) from routed_leads), (select count(*) from campaign_pushes), (select count(*) from audit_log))");
}
