using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.Grains.Enrichment;
using LeadGrain.Sandbox.Apollo;
using Microsoft.Extensions.DependencyInjection;

namespace LeadGrain.Tests.Enrichment;

public sealed class LedgerTests
{
    private const string Email = "ada@acme.example";
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task The_intent_is_committed_before_the_provider_is_asked()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var release = new TaskCompletionSource();
        rig.Apollo.BehaveNext(1, new ApolloBehavior.WaitFor(release.Task, new ApolloBehavior.Answer()));
        var asking = (await rig.ActivateAsync(Email)).EnrichAsync();
        await rig.Apollo.Book.ArrivedAsync(1);

        var open = Assert.Single(await rig.LedgerAsync(Email));
        Assert.Equal(new LedgerRow(open.Id, null, null, null, EnrichmentRig.Tenant, rig.Time.GetUtcNow(), null), open);

        release.SetResult();
        await asking;
        Assert.Equal("found", Assert.Single(await rig.LedgerAsync(Email)).Outcome);
    }

    [Fact]
    public async Task A_dead_owners_call_holds_others_off_until_it_counts_as_lost()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        await OpenAndDieAsync(rig);
        var email = await rig.ActivateAsync(Email);

        Assert.Equal(new EnrichOutcome.InProgress(15 * Second), await email.EnrichAsync());
        rig.Time.Advance(15 * Second);
        Assert.Equal(new EnrichOutcome.InProgress(45 * Second), await email.EnrichAsync());
        rig.Time.Advance(45 * Second - TimeSpan.FromMilliseconds(1));
        Assert.Equal(new EnrichOutcome.InProgress(Second), await email.EnrichAsync());
        Assert.Equal(0, rig.Apollo.Book.Arrived);

        rig.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(Assert.IsType<EnrichOutcome.Known>(await email.EnrichAsync()).Cached);
        Assert.Equal([("lost", null), ("found", 1)], (await rig.LedgerAsync(Email)).Select(call => (call.Outcome, call.Credits)));
    }

    [Fact]
    public async Task Of_many_processes_one_takes_a_lost_call_over()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        await OpenAndDieAsync(rig);
        rig.Time.Advance(60 * Second);
        var release = new TaskCompletionSource();
        rig.Apollo.BehaveAlways(new ApolloBehavior.WaitFor(release.Task, new ApolloBehavior.Answer()));
        var emails = new List<EmailTurns>();
        for (var i = 0; i < 8; i++)
        {
            emails.Add(await rig.ActivateAsync(Email, rig.NewProcess()));
        }

        var asking = emails.Select(email => email.EnrichAsync()).ToList();
        for (var refused = 0; refused < 7; refused++)
        {
            var first = await Task.WhenAny(asking);
            asking.Remove(first);
            Assert.IsType<EnrichOutcome.InProgress>(await first);
        }

        release.SetResult();
        Assert.IsType<EnrichOutcome.Known>(await asking.Single());
        Assert.Equal(["lost", "found"], (await rig.LedgerAsync(Email)).Select(call => call.Outcome));
    }

    [Fact]
    public async Task A_slow_owner_that_was_taken_for_dead_still_books_what_it_paid()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var store = rig.Process.GetRequiredService<EnrichmentStore>();
        var slow = await OpenAndDieAsync(rig);
        rig.Time.Advance(60 * Second);
        var taken = Assert.IsType<EnrichOutcome.Known>(await (await rig.ActivateAsync(Email)).EnrichAsync());

        var answer = new ProviderAnswer.Found(new PersonProfile("Old", null, null, null, null, null, null, null), "{}"u8.ToArray(), 200, 1);
        var stored = await store.SettleAsync(Settlement.Of(slow, answer, Guid.NewGuid(), slow.StartedAt + Second));

        Assert.Equal(taken.Profile, stored!.Profile);
        Assert.Equal([("found", 1), ("found", 1)], (await rig.LedgerAsync(Email)).Select(call => (call.Outcome, call.Credits)));
    }

    [Fact]
    public async Task A_closed_call_is_not_rewritten()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var store = rig.Process.GetRequiredService<EnrichmentStore>();
        var intent = await OpenAndDieAsync(rig);
        var first = Settlement.Of(intent, new ProviderAnswer.NotFound("{}"u8.ToArray(), 200, 0), Guid.NewGuid(), rig.Time.GetUtcNow());
        await store.SettleAsync(first);
        var before = await rig.LedgerAsync(Email);

        var again = await store.SettleAsync(first);
        await store.SettleAsync(first with { Answer = new ProviderAnswer.Failed(ProviderFailure.Refused, 401, 0), Entry = null });

        Assert.Equal(first.Entry, again);
        Assert.Equal(before, await rig.LedgerAsync(Email));
    }

    [Fact]
    public async Task A_second_open_call_for_an_email_is_refused_by_the_table_itself()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        await OpenAndDieAsync(rig);

        var refused = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => rig.ScalarAsync<int>($"""
            insert into enrichment_calls (id, email_key, provider, app_id, org_id, started_at)
            values (gen_random_uuid(), '{Email}', 'apollo', 'app', 'org', now())
            """));

        Assert.Equal("enrichment_calls_one_open_per_email", refused.ConstraintName);
    }

    [Fact]
    public async Task A_settlement_that_commits_during_an_opening_is_seen_by_it()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var owner = await OpenAndDieAsync(rig);
        await using var connection = await rig.Database.OpenConnectionAsync();
        await using var settling = await connection.BeginTransactionAsync();
        await using var command = new Npgsql.NpgsqlCommand(
            $"""
            update enrichment_calls set outcome = 'found', credits = 1, finished_at = now() where id = '{owner.CallId}';
            insert into enrichments (id, email_key, found, provider, fetched_at) values (gen_random_uuid(), '{Email}', true, 'apollo', now())
            """, connection, settling);
        await command.ExecuteNonQueryAsync();

        var asking = (await rig.ActivateAsync(Email)).EnrichAsync();
        await rig.LockWaitAsync();
        await settling.CommitAsync();

        Assert.True(Assert.IsType<EnrichOutcome.Known>(await asking).Cached);
        Assert.Equal(0, rig.Apollo.Book.Arrived);
        Assert.Single(await rig.LedgerAsync(Email));
    }

    private static async Task<EnrichmentIntent> OpenAndDieAsync(EnrichmentRig rig)
    {
        var now = rig.Time.GetUtcNow();
        var intent = new EnrichmentIntent(Guid.CreateVersion7(now), [], Email, "apollo", EnrichmentRig.Tenant, now);
        var store = rig.Process.GetRequiredService<EnrichmentStore>();
        Assert.IsType<IntentOutcome.Opened>(await store.OpenAsync(intent, now - 60 * Second, _ => true));
        return intent;
    }
}
