using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.Sandbox.Apollo;
using Npgsql;

namespace LeadGrain.Tests.Enrichment;

public sealed class OutageTests
{
    private const string Email = "ada@acme.example";

    [Fact]
    public async Task A_paid_answer_outlives_a_database_that_fails_after_the_call()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var email = await rig.ActivateAsync(Email);
        var (outage, asking) = await FailDuringTheCallAsync(rig, email, new ApolloBehavior.Answer());

        var paid = Assert.IsType<EnrichOutcome.Known>(await asking);
        var served = Assert.IsType<EnrichOutcome.Known>(await email.EnrichAsync());
        Assert.Equal((false, true), (paid.Cached, served.Cached));
        Assert.NotNull(served.Profile);

        await outage.DisposeAsync();
        Assert.Null(Assert.Single(await rig.LedgerAsync(Email)).Outcome);
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        await email.Settling;

        Assert.Equal(("found", 1), Assert.Single(await rig.LedgerAsync(Email)) is var call ? (call.Outcome, call.Credits) : default);
        Assert.Equal(1, await rig.EntriesAsync());
        var restarted = Assert.IsType<EnrichOutcome.Known>(await (await rig.ActivateAsync(Email)).EnrichAsync());
        Assert.Equal(served, restarted);
        Assert.Single(rig.Apollo.Book.Calls);
    }

    [Fact]
    public async Task The_next_caller_starts_the_tries_again_that_an_outage_wore_out()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var email = await rig.ActivateAsync(Email);
        var (outage, asking) = await FailDuringTheCallAsync(rig, email, new ApolloBehavior.Answer());
        await asking;
        await WearOutAsync(rig, email);
        Assert.True(email.Settling.IsCompleted);

        await outage.DisposeAsync();
        Assert.True(Assert.IsType<EnrichOutcome.Known>(await email.EnrichAsync()).Cached);
        Assert.False(email.Settling.IsCompleted);
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        await email.Settling;

        Assert.Equal("found", Assert.Single(await rig.LedgerAsync(Email)).Outcome);
    }

    [Fact]
    public async Task A_failed_call_that_could_not_be_closed_is_closed_before_the_next_one()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var email = await rig.ActivateAsync(Email);
        var (outage, asking) = await FailDuringTheCallAsync(rig, email, new ApolloBehavior.Broken(503));

        Assert.IsType<EnrichOutcome.ProviderFailed>(await asking);
        await Assert.ThrowsAsync<StorageUnavailableException>(() => email.EnrichAsync());
        await outage.DisposeAsync();
        // For the ledger's order.
        rig.Time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.False(Assert.IsType<EnrichOutcome.Known>(await email.EnrichAsync()).Cached);
        Assert.Equal(["unavailable", "found"], (await rig.LedgerAsync(Email)).Select(call => call.Outcome));
    }

    [Fact]
    public async Task Nothing_is_paid_for_while_the_intent_cannot_be_stored()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var email = await rig.ActivateAsync(Email);
        await using (await Outage.BeginAsync(rig.Database))
        {
            await Assert.ThrowsAsync<StorageUnavailableException>(() => email.EnrichAsync());
            await Assert.ThrowsAsync<StorageUnavailableException>(() => rig.ActivateAsync("other@acme.example"));
        }

        Assert.Equal(0, rig.Apollo.Book.Arrived);
        Assert.False(Assert.IsType<EnrichOutcome.Known>(await email.EnrichAsync()).Cached);
    }

    [Fact]
    public async Task Intents_that_may_have_been_committed_as_the_database_went_hold_nobody_up()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var email = await rig.ActivateAsync(Email);
        var tried = new List<Guid>();
        await using (var refusal = await IntentRefusal.BeginAsync(rig.Database))
        {
            for (var i = 0; i < 2; i++)
            {
                await Assert.ThrowsAsync<StorageUnavailableException>(() => email.EnrichAsync());
                tried.Add(await refusal.LastAsync());
            }
        }

        // The first one went through after all.
        await using (var insert = rig.Database.CreateCommand(
            "insert into enrichment_calls (id, email_key, provider, app_id, org_id, started_at) values ($1, $2, 'apollo', 'app', 'org', $3)"))
        {
            insert.Parameters.AddWithValue(tried[0]);
            insert.Parameters.AddWithValue(Email);
            insert.Parameters.AddWithValue(rig.Time.GetUtcNow());
            await insert.ExecuteNonQueryAsync();
        }

        Assert.False(Assert.IsType<EnrichOutcome.Known>(await email.EnrichAsync()).Cached);

        // No call was made for it, so the ledger has none.
        Assert.Equal("found", Assert.Single(await rig.LedgerAsync(Email)).Outcome);
        Assert.Single(rig.Apollo.Book.Calls);
    }

    [Fact]
    public async Task Leaving_stores_what_an_outage_held_up()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var email = await rig.ActivateAsync(Email);
        var (outage, asking) = await FailDuringTheCallAsync(rig, email, new ApolloBehavior.Answer());
        await asking;
        await outage.DisposeAsync();

        await email.RunAsync(enrichment => enrichment.DrainAsync(CancellationToken.None));

        Assert.Equal("found", Assert.Single(await rig.LedgerAsync(Email)).Outcome);
    }

    private static async Task<(Outage Outage, Task<EnrichOutcome> Asking)> FailDuringTheCallAsync(
        EnrichmentRig rig, EmailTurns email, ApolloBehavior then)
    {
        var release = new TaskCompletionSource();
        rig.Apollo.BehaveNext(1, new ApolloBehavior.WaitFor(release.Task, then));
        var asking = email.EnrichAsync();
        await rig.Apollo.Book.ArrivedAsync(1);
        var outage = await Outage.BeginAsync(rig.Database);
        release.SetResult();
        return (outage, asking);
    }

    private static async Task WearOutAsync(EnrichmentRig rig, EmailTurns email) => await Eventually.Async("it gives up", async () =>
    {
        rig.Time.Advance(TimeSpan.FromSeconds(30));
        await email.RunAsync(_ => Task.CompletedTask);
        return email.Settling.IsCompleted;
    });

    /// <summary>A database that takes no connections and has cut all others.</summary>
    private sealed class Outage : IAsyncDisposable
    {
        private readonly NpgsqlDataSource _database;
        private readonly NpgsqlConnection _admin;

        private Outage(NpgsqlDataSource database, NpgsqlConnection admin) => (_database, _admin) = (database, admin);

        public static async Task<Outage> BeginAsync(NpgsqlDataSource database)
        {
            var outage = new Outage(database, await database.OpenConnectionAsync());
            await outage.AllowConnectionsAsync(false);
            await using var cut = new NpgsqlCommand(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
                outage._admin);
            await cut.ExecuteNonQueryAsync();
            return outage;
        }

        public async ValueTask DisposeAsync()
        {
            await AllowConnectionsAsync(true);
            await _admin.DisposeAsync();
            _database.Clear();
        }

        // The statement alter database refuses to do this to the database it runs in.
        private async Task AllowConnectionsAsync(bool allow)
        {
            await using var command = new NpgsqlCommand(
                "update pg_database set datallowconn = @allow where datname = current_database()", _admin);
            command.Parameters.AddWithValue("allow", allow);
            await command.ExecuteNonQueryAsync();
        }
    }
}
