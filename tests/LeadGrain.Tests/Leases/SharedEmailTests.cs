using System.Collections.Concurrent;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Leases;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Tests.Idempotency;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Leases;

/// <summary>Several leads of one email, some leased and some pulled for good: one holder at a time, and one for good.</summary>
public sealed class SharedEmailTests(LeaseGrid shared) : IClassFixture<LeaseGrid>
{
    private HttpClient Client => shared.Client;

    [Fact]
    public async Task A_pull_and_a_pull_on_lease_that_wait_together_do_not_both_get_one_email()
    {
        var grain = Grain("wait");
        var plain = grain.NextAsync(new PullCommand(1, null, PullCommand.MaxWait), default);
        var lease = grain.NextAsync(new PullCommand(1, TimeSpan.FromMinutes(10), PullCommand.MaxWait), default);
        await grain.GetCursorAsync(default);

        await Client.PushAsync("wait", "a@x.example", "A@x.example");

        Assert.Equal("a@x.example", Email(await plain));
        Assert.Equal((0, 0, 0, 1, 1), await Client.AllCountsAsync("wait"));
        Assert.False(lease.IsCompleted);
        await Client.PushAsync("wait", "b@x.example");
        Assert.Equal("b@x.example", Email(await lease));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_lead_is_not_handed_out_beside_the_acknowledgement_of_another_of_its_email(bool onLease)
    {
        var name = $"beside-{onLease}";
        var grain = Grain(name);
        await Client.PushAsync(name, "a@x.example");
        var leased = Assert.Single(await Client.LeaseAsync(name));
        await Client.PushAsync(name, [("first@x.example", 1), ("A@x.example", 0)]);

        // Behind a commit that is held up, the two wait for the next one together.
        await using var connection = await shared.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var hold = new Npgsql.NpgsqlCommand($"select from namespaces where name = '{name}' for update", connection);
        await hold.ExecuteNonQueryAsync();
        var first = grain.NextAsync(PullCommand.One, default);
        await shared.Database.LockWaitAsync();
        var acked = grain.SettleAsync(new LeaseCommand([leased.Lease], LeaseAction.Ack.Value), default);
        var second = grain.NextAsync(new PullCommand(1, onLease ? TimeSpan.FromMinutes(10) : null), default);
        await grain.GetCursorAsync(default);
        await transaction.RollbackAsync();

        Assert.Equal("first@x.example", Email(await first));
        Assert.Equal(LeaseFate.Acked, Assert.Single((await acked).Outcome!.Leases).Fate);
        Assert.IsType<PullOutcome.Empty>((await second).Outcome);
        Assert.Equal((0, 0, 0, 2, 1), await Client.AllCountsAsync(name));
    }

    [Fact]
    public async Task An_acknowledgement_of_a_lead_whose_email_was_served_by_another_is_refused_whenever_it_is_repeated()
    {
        await Client.PushAsync("late", "a@x.example", "b@x.example", "A@x.example");
        var leased = await Client.LeaseAsync("late", count: 2);

        // As no grain would do it.
        await shared.Database.DataSource.CreateCommand(
            """
            insert into served_leads (id, organization_id, namespace_id, seq, origin_id, served_at, email_key)
            select gen_random_uuid(), n.organization_id, n.id, 3, o.id, now(), 'a@x.example'
            from namespaces n join lead_origins o on o.namespace_id = n.id where n.name = 'late'
            """).ExecuteNonQueryAsync();

        string[] expected = ["not_held", "acked"];
        Assert.Equal(expected, await AckAsync(Client, "late", "late-ack", leased));
        Assert.Equal(expected, await AckAsync(Client, "late", "late-ack", leased));
        var (waiting, onLease, dead, _, skipped) = await Client.AllCountsAsync("late");
        Assert.Equal((0, 0, 0, 1), (waiting, onLease, dead, skipped));
    }

    [Fact]
    public async Task Callers_that_push_pull_lease_and_acknowledge_the_same_emails_at_once_settle_each_once()
    {
        var emails = Enumerable.Range(0, 400).Select(n => $"lead{n}@x.example").ToArray();
        var settled = new ConcurrentBag<string>();
        var pushing = Task.WhenAll(Enumerable.Range(0, 4).Select(async seed =>
        {
            var random = new Random(seed);
            foreach (var chunk in emails.OrderBy(_ => random.Next()).Chunk(3))
            {
                await Client.PushAsync("mixed", [.. chunk, .. chunk]);
            }
        }));

        await Task.WhenAll([pushing, .. Enumerable.Range(0, 12).Select(async worker =>
        {
            while (!pushing.IsCompleted || (await Client.CountsAsync("mixed")).Waiting > 0)
            {
                await (worker % 2 == 0 ? PullAsync(settled) : LeaseAndAckAsync(settled));
            }
        })]);

        Assert.Equal(emails.Order(), settled.Order());
        Assert.Equal((0, 0, 0, 400), await Client.AllCountsAsync("mixed") is var (waiting, leased, dead, served, _) ? (waiting, leased, dead, served) : default);
    }

    [Fact]
    public async Task That_there_is_no_lead_is_said_once_those_that_were_passed_over_are_settled()
    {
        await Client.PushAsync("passed", "a@x.example");
        Assert.Single(await Client.LeaseAsync("passed"));
        await Client.PushAsync("passed", "A@x.example");
        await shared.Database.DataSource.CreateCommand("update namespaces set epoch = epoch + 1 where name = 'passed'").ExecuteNonQueryAsync();

        Assert.Null(await Client.NextAsync("passed"));

        Assert.Equal((0, 1, 0, 0, 1), await Client.AllCountsAsync("passed"));
    }

    /// <summary>As a process that dies there leaves it: the commit that found the email served is through, the one that skips the lead is not.</summary>
    [Fact]
    public async Task A_lead_out_of_the_plain_order_whose_email_was_served_is_skipped_though_the_activation_ends_before_it_is()
    {
        const string Name = "unskipped";
        await Client.PushAsync(Name, [("a@x.example", -1), ("b@x.example", 1), ("A@x.example", 2)]);
        Assert.Equal("A@x.example", await Client.NextAsync(Name));
        Assert.Equal("b@x.example", await Client.NextAsync(Name));
        await using var connection = await shared.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var hold = new Npgsql.NpgsqlCommand("lock table skipped_leads in access exclusive mode", connection);
        await hold.ExecuteNonQueryAsync();
        var pulled = Client.NextAsync(Name);
        await shared.Database.LockWaitAsync();
        await shared.Database.ExecuteAsync($"update namespaces set epoch = epoch + 1 where name = '{Name}'");
        await transaction.RollbackAsync();

        Assert.Null(await pulled);
        Assert.Equal((0, 0, 0, 2, 1), await Client.AllCountsAsync(Name));
    }

    [Fact]
    public async Task A_pull_that_lost_its_lead_to_a_duplicate_takes_no_other_once_its_caller_has_gone()
    {
        // Without a served set the commit tells of a duplicate.
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await LeaseGrid.StartAsync(database, shared.Time, ("SERVED_SET_BYTES", "0"));
        await grid.Client.PushAsync("gone", "a@x.example", "A@x.example", "fresh@x.example");
        Assert.Equal("a@x.example", await grid.Client.NextAsync("gone"));
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var hold = new Npgsql.NpgsqlCommand("select from namespaces where name = 'gone' for update", connection);
        await hold.ExecuteNonQueryAsync();
        using var away = new CancellationTokenSource();
        var pulled = Grain("gone", grid).NextAsync(PullCommand.One, away.Token);
        await database.LockWaitAsync();
        await away.CancelAsync();
        await Grain("gone", grid).GetCursorAsync(default); // on Orleans the cancellation is a message; this one comes behind it
        await transaction.RollbackAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pulled);
        Assert.Equal("fresh@x.example", await grid.Client.NextAsync("gone"));
        Assert.Equal((0, 0, 0, 2, 1), await grid.Client.AllCountsAsync("gone"));
    }

    /// <summary>An end that comes while a round reads on takes the queues away; those in the round are to come again.</summary>
    [Fact]
    public async Task Pulls_of_a_round_whose_activation_ends_while_it_reads_on_are_told_that_nothing_was_done()
    {
        var grain = Grain("ends");
        await Client.PushAsync("ends", [.. Enumerable.Range(0, 60).Select(n => $"lead{n}@x.example")]);
        await shared.Database.DataSource.CreateCommand("update namespaces set epoch = epoch + 1 where name = 'ends'").ExecuteNonQueryAsync();
        Assert.NotNull(await Client.NextAsync("ends"));

        // The new activation has read 50. Behind a commit that is held up, two pulls come to wait together.
        await using var row = await shared.Database.DataSource.OpenConnectionAsync();
        await using var rowHeld = await row.BeginTransactionAsync();
        await using var holdRow = new Npgsql.NpgsqlCommand("select from namespaces where name = 'ends' for update", row);
        await holdRow.ExecuteNonQueryAsync();
        var first = grain.NextAsync(PullCommand.One, default);
        await shared.Database.LockWaitAsync();
        var second = grain.NextAsync(new PullCommand(48), default);
        var third = grain.NextAsync(PullCommand.One, default);
        await grain.GetCursorAsync(default);
        await using var table = await shared.Database.DataSource.OpenConnectionAsync();
        await using var tableHeld = await table.BeginTransactionAsync();
        await using var holdTable = new Npgsql.NpgsqlCommand("lock table lead_batches in access exclusive mode", table);
        await holdTable.ExecuteNonQueryAsync();
        await rowHeld.RollbackAsync();
        await first;
        await shared.Database.LockWaitAsync();
        await shared.Database.DataSource.CreateCommand("update namespaces set epoch = epoch + 1 where name = 'ends'").ExecuteNonQueryAsync();
        await Assert.ThrowsAsync<OwnershipLostException>(() => grain.SetCursorAsync("1"u8.ToArray(), default));
        await tableHeld.RollbackAsync();

        await Assert.ThrowsAsync<OwnershipLostException>(() => second);
        await Assert.ThrowsAsync<OwnershipLostException>(() => third);
    }

    private INamespaceGrain Grain(string name, TestGrid? grid = null)
        => (grid ?? shared.Grid).Services.GetRequiredService<IGrainFactory>().GetGrain<INamespaceGrain>(new NamespaceKey(new Tenant("app", "org"), name).GrainKey);

    private static string Email(Keyed<PullOutcome> answer) => Assert.Single(Assert.IsType<PullOutcome.Served>(answer.Outcome).Leads).Lead.Email;

    private async Task PullAsync(ConcurrentBag<string> settled)
    {
        if (await Client.NextAsync("mixed") is { } email)
        {
            settled.Add(email);
        }
    }

    private async Task LeaseAndAckAsync(ConcurrentBag<string> settled)
    {
        var leased = await Client.LeaseAsync("mixed", count: 2, seconds: 3_600);
        foreach (var (outcome, lead) in leased.Count > 0 ? (await Client.AckAsync("mixed", leased)).Zip(leased) : [])
        {
            Assert.Equal("acked", outcome);
            settled.Add(lead.Email);
        }
    }

    private static async Task<string[]> AckAsync(HttpClient client, string name, string key, List<LeasedLead> leads)
    {
        var told = await client.AskAsync("/buffer/ack", new { @namespace = name, leaseIds = leads.Select(lead => lead.Lease) }, key);
        return [.. told.Json["results"]!.AsArray().Select(result => (string)result!["outcome"]!)];
    }
}
