using System.Security.Cryptography;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Idempotency;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Buffer;
using LeadGrain.Grains.Cursors;
using LeadGrain.Grains.Idempotency;
using LeadGrain.Grains.Leases;
using LeadGrain.Grains.Storage;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Buffer;

/// <summary>Two claims of one namespace, as two activations of it would make: only the newer one can write.</summary>
public sealed class FencingTests
{
    private static readonly NamespaceKey s_key = new(new Tenant("app", "org"), "ns");
    private static readonly LeadOrigin s_origin = new("brand", null, null);

    [Fact]
    public async Task A_superseded_claim_can_write_nothing_at_all()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var hot = new HotSessions(database.DataSource, TimeProvider.System);
        var store = new BufferStore(database.DataSource, hot, TimeProvider.System);
        var stale = await store.CreateAsync(s_key);
        var origin = (await store.FindOrAddOriginAsync(stale.Id, stale.Epoch, s_origin))!.Value;
        Assert.True(Assert.Single(await store.CommitPushesAsync([Push(stale, origin, 1, "a@x.example")])));

        var current = (await store.ClaimAsync(s_key, []))!;
        Assert.Equal(1, current.LastSeq);

        Assert.False(Assert.Single(await store.CommitPushesAsync([Push(stale, origin, 2, "b@x.example")])));
        Assert.IsType<PullResult.Fenced>(Assert.Single(await store.CommitPullsAsync([Pull(stale, origin, 1, "a@x.example")])));
        Assert.IsType<PullResult.Fenced>(Assert.Single(await store.CommitPullsAsync([Pull(stale, [], 1)])));
        Assert.Equal(0, await store.WriteCheckpointAsync(stale.Id, stale.Epoch, new Checkpoint(1, Guid.AllBitsSet, 1, 0)));
        Assert.Null(await store.FindOrAddOriginAsync(stale.Id, stale.Epoch, new LeadOrigin("another", null, null)));
        Assert.False(await new CursorStore(database.DataSource, TimeProvider.System).SetAsync(stale.Id, stale.Epoch, "1"u8.ToArray(), default));
        Assert.Equal("1 0 0 0 1", await CountsAsync(database));

        Assert.IsType<PullResult.Done>(Assert.Single(await store.CommitPullsAsync([Pull(current, origin, 1, "a@x.example")])));
    }

    public static TheoryData<string> Changes => new("lease", "extend", "ack", "return", "delay", "bury", "revive", "keep", "pause", "resume");

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task Whatever_a_superseded_claim_says_of_leases_deaths_keys_and_pauses_is_not_written_and_the_same_of_the_newest_is(string change)
    {
        await using var database = await TestDatabase.CreateAsync();
        using var hot = new HotSessions(database.DataSource, TimeProvider.System);
        var store = new BufferStore(database.DataSource, hot, TimeProvider.System);
        var stale = await store.CreateAsync(s_key);
        var origin = (await store.FindOrAddOriginAsync(stale.Id, stale.Epoch, s_origin))!.Value;
        WaitingLead[] leads = [Lead(origin, 1, "leased@x.example"), Lead(origin, 2, "dead@x.example"), Lead(origin, 3, "waiting@x.example")];
        await store.CommitPushesAsync([new PushWrite(stale.OrganizationId, stale.Id, stale.Epoch, leads, [])]);
        var (lease, death) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var setUp = new PullWrite(stale.OrganizationId, stale.Id, stale.Epoch);
        setUp.Lease(new LeasedMark(leads[0], new HeldState(1, lease, TimeSpan.FromHours(1))));
        setUp.Bury(new Death(death, leads[1].Place, 3, DateTimeOffset.UtcNow));
        Assert.IsType<PullResult.Done>(Assert.Single(await store.CommitPullsAsync([setUp])));
        Assert.True(change != "resume" || await store.SetPausedAsync(stale, "ns", true, "test"));

        var current = (await store.ClaimAsync(s_key, []))!;
        var before = await RowsAsync(database);

        Assert.False(await ChangeAsync(stale));
        Assert.Equal(before, await RowsAsync(database));
        Assert.True(await ChangeAsync(current));
        Assert.NotEqual(before, await RowsAsync(database));

        async Task<bool> ChangeAsync(ClaimedNamespace claim)
        {
            if (change is "pause" or "resume")
            {
                return await store.SetPausedAsync(claim, "ns", change == "pause", "test");
            }

            var write = new PullWrite(claim.OrganizationId, claim.Id, claim.Epoch);
            Say(write, change, leads, lease, death);
            return Assert.Single(await store.CommitPullsAsync([write])) is PullResult.Done;
        }
    }

    [Fact]
    public async Task A_stale_and_a_current_claim_in_one_commit_are_told_apart()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var hot = new HotSessions(database.DataSource, TimeProvider.System);
        var store = new BufferStore(database.DataSource, hot, TimeProvider.System);
        var stale = await store.CreateAsync(s_key);
        var origin = (await store.FindOrAddOriginAsync(stale.Id, stale.Epoch, s_origin))!.Value;
        await store.CommitPushesAsync([new PushWrite(stale.OrganizationId, stale.Id, stale.Epoch, [Lead(origin, 1, "a@x.example"), Lead(origin, 2, "b@x.example")], [])]);
        var current = (await store.ClaimAsync(s_key, []))!;

        var results = await store.CommitPullsAsync([Pull(stale, origin, 1, "a@x.example"), Pull(current, origin, 2, "b@x.example")]);

        Assert.IsType<PullResult.Fenced>(results[0]);
        Assert.IsType<PullResult.Done>(results[1]);
        var pushed = await store.CommitPushesAsync([Push(stale, origin, 3, "c@x.example"), Push(current, origin, 3, "d@x.example")]);
        Assert.Equal((false, true), (pushed[0], pushed[1]));
        Assert.Equal("3 1 0 0 1", await CountsAsync(database));
    }

    [Fact]
    public async Task A_claim_waits_for_a_commit_under_way_and_then_sees_it()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var hot = new HotSessions(database.DataSource, TimeProvider.System);
        var store = new BufferStore(database.DataSource, hot, TimeProvider.System);
        var first = await store.CreateAsync(s_key);
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var fence = new Npgsql.NpgsqlCommand("select id from namespaces for share", connection))
        {
            await fence.ExecuteNonQueryAsync();
        }

        var claiming = store.ClaimAsync(s_key, []);
        await using (var insert = new Npgsql.NpgsqlCommand(
            "insert into lead_batches (namespace_id, first_seq, last_seq, origin_id, pushed_at, data_bytes, emails) select id, 1, 1, 1, now(), 0, array['a@x.example'] from namespaces",
            connection))
        {
            await insert.ExecuteNonQueryAsync();
        }

        Assert.False(claiming.IsCompleted);
        await transaction.CommitAsync();
        var second = (await claiming)!;
        Assert.Equal((first.Epoch + 1, 1L), (second.Epoch, second.LastSeq));
    }

    [Fact]
    public async Task An_email_served_meanwhile_is_reported_and_the_others_of_the_commit_are_served()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var hot = new HotSessions(database.DataSource, TimeProvider.System);
        var store = new BufferStore(database.DataSource, hot, TimeProvider.System);
        var claim = await store.CreateAsync(s_key);
        var origin = (await store.FindOrAddOriginAsync(claim.Id, claim.Epoch, s_origin))!.Value;
        await store.CommitPullsAsync([Pull(claim, origin, 1, "a@x.example")]);

        var write = Pull(claim, [Mark(origin, 2, "A@x.example "), Mark(origin, 3, "b@x.example"), Mark(origin, 4, "B@x.example")]);
        var done = Assert.IsType<PullResult.Done>(Assert.Single(await store.CommitPullsAsync([write])));

        Assert.Equal([2L, 4L], done.AlreadyServed.Order());
    }

    [Fact]
    public async Task A_pull_whose_commit_went_through_unanswered_waits_again_after_the_next_claim()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var hot = new HotSessions(database.DataSource, TimeProvider.System);
        var store = new BufferStore(database.DataSource, hot, TimeProvider.System);
        var claim = await store.CreateAsync(s_key);
        var origin = (await store.FindOrAddOriginAsync(claim.Id, claim.Epoch, s_origin))!.Value;
        await store.CommitPushesAsync([new PushWrite(claim.OrganizationId, claim.Id, claim.Epoch, [Lead(origin, 1, "a@x.example"), Lead(origin, 2, "b@x.example")], [])]);
        var (answered, unanswered) = (Mark(origin, 2, "b@x.example"), Mark(origin, 1, "a@x.example"));
        await store.CommitPullsAsync([Pull(claim, [answered, unanswered])]);

        var next = (await store.ClaimAsync(s_key, [unanswered, Mark(origin, 2, "b@x.example")]))!;

        // The second mark has another id than the row: that row was answered, so it stays.
        Assert.True(next.HasHeld);
        var (held, _) = await store.ReadHeldAsync(next.Id, Place.Start, 2, 10, 1_000, new OriginCache());
        Assert.Equal([1L], held.Select(lead => lead.Place.Seq));
        Assert.Empty(await store.ReadGapsAsync(next.Id, default, 2, new OriginCache()));
        Assert.Equal(new SettledSince(2, 1, 0), await store.ReadSettledSinceAsync(next.Id, default));
    }

    [Fact]
    public async Task A_lead_of_another_priority_whose_pull_went_through_unanswered_waits_again_in_its_own_place()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var hot = new HotSessions(database.DataSource, TimeProvider.System);
        var store = new BufferStore(database.DataSource, hot, TimeProvider.System);
        var claim = await store.CreateAsync(s_key);
        var origin = (await store.FindOrAddOriginAsync(claim.Id, claim.Epoch, s_origin))!.Value;
        WaitingLead[] leads = [Lead(origin, 1, "low@x.example", -3), Lead(origin, 2, "plain@x.example"), Lead(origin, 3, "high@x.example", 5)];
        await store.CommitPushesAsync([new PushWrite(claim.OrganizationId, claim.Id, claim.Epoch, leads, [])]);
        var write = new PullWrite(claim.OrganizationId, claim.Id, claim.Epoch);
        ServedMark[] marks = [.. leads.Select(lead => Mark(origin, lead.Seq, lead.Lead.Email) with { Lead = lead })];
        foreach (var mark in marks)
        {
            write.Serve(mark);
            if (mark.Lead.Lead.Priority != 0)
            {
                write.Hold(mark.Lead.Place, null);
            }
        }

        Assert.IsType<PullResult.Done>(Assert.Single(await store.CommitPullsAsync([write])));
        var next = (await store.ClaimAsync(s_key, marks))!;

        var (held, _) = await store.ReadHeldAsync(next.Id, Place.Start, 3, 10, 1_000, new OriginCache());
        Assert.Equal(leads.Select(lead => lead.Place).Order(), held.Select(lead => lead.Place));
        Assert.Equal(["high@x.example", "plain@x.example", "low@x.example"], held.Select(lead => lead.Lead.Lead.Email));
    }

    private static void Say(PullWrite write, string change, WaitingLead[] leads, Guid lease, Guid death)
    {
        var (leased, dead, waiting) = (leads[0], leads[1], leads[2]);
        switch (change)
        {
            case "lease":
                write.Lease(new LeasedMark(waiting, new HeldState(1, Guid.CreateVersion7(), TimeSpan.FromHours(1))));
                break;
            case "extend":
                write.Hold(leased.Place, new HeldState(1, lease, TimeSpan.FromHours(2)));
                break;
            case "ack":
                write.Serve(Mark(leased.OriginId, leased.Seq, leased.Lead.Email));
                write.Hold(leased.Place, null);
                break;
            case "return":
                write.Hold(leased.Place, new HeldState(1));
                break;
            case "delay":
                write.Hold(leased.Place, new HeldState(1, null, TimeSpan.FromMinutes(1)));
                break;
            case "bury":
                write.Bury(new Death(Guid.CreateVersion7(), leased.Place, 1, DateTimeOffset.UtcNow));
                break;
            case "revive":
                write.Revive(death, dead.Place);
                break;
            default:
                write.Keep(new KeptAnswer(KeyedRoute.Ack, new RequestKey("key", SHA256.HashData([])), "{}"u8.ToArray()));
                break;
        }
    }

    private static WaitingLead Lead(long origin, long seq, string email, int priority = 0)
        => new(seq, origin, s_origin, new NewLead(email, null, null, priority));

    private static ServedMark Mark(long origin, long seq, string email)
    {
        var now = DateTimeOffset.UtcNow;
        return new ServedMark(Guid.CreateVersion7(now), now, Lead(origin, seq, email));
    }

    private static PushWrite Push(ClaimedNamespace claim, long origin, long seq, string email) => new(claim.OrganizationId, claim.Id, claim.Epoch, [Lead(origin, seq, email)], []);

    private static PullWrite Pull(ClaimedNamespace claim, long origin, long seq, string email) => Pull(claim, [Mark(origin, seq, email)]);

    private static PullWrite Pull(ClaimedNamespace claim, ServedMark[] served, params long[] skipped)
    {
        var write = new PullWrite(claim.OrganizationId, claim.Id, claim.Epoch);
        Array.ForEach(served, write.Serve);
        Array.ForEach(skipped, seq => write.Skip(new SkippedMark(Guid.CreateVersion7(), seq)));
        return write;
    }

    private static Task<string> RowsAsync(TestDatabase database) => database.ScalarAsync<string>(
        """
        select concat_ws(e'\n', (select string_agg(h::text, ' ' order by h::text) from held_leads h), (select string_agg(d::text, ' ' order by d::text) from dead_leads d),
            (select string_agg(s::text, ' ' order by s::text) from served_leads s), (select string_agg(k::text, ' ') from idempotency_keys k),
            (select paused_at is not null from namespaces), (select count(*) from audit_log))
        """);

    private static async Task<string> CountsAsync(TestDatabase database)
    {
        await using var command = database.DataSource.CreateCommand(
            """
            select concat_ws(' ', (select count(*) from buffered_leads), (select count(*) from served_leads),
                (select count(*) from skipped_leads), (select count(*) from cursors), (select count(*) from lead_origins))
            """);
        return (string)(await command.ExecuteScalarAsync())!;
    }
}
