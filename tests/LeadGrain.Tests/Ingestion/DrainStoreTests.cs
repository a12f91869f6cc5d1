using System.Text;
using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Ingestion;
using LeadGrain.Grains.Organizations;
using LeadGrain.Grains.Storage;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Ingestion;

/// <summary>What two processes that look after unfinished posts at once keep each other from, by the database alone.</summary>
public sealed class DrainStoreTests
{
    private static readonly TimeSpan s_claim = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task A_list_is_worked_on_by_one_process_until_its_claim_ends()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var hot = new HotSessions(database.DataSource, TimeProvider.System);
        var open = new OpenStore(hot);
        Guid[] ids = [.. Enumerable.Range(0, 2).Select(_ => Guid.CreateVersion7()).Order()];
        foreach (var id in ids)
        {
            await database.ExecuteAsync("insert into raw_open (id, organization_ids, raw_ids) values ($1, '{1}', array[$1])", id);
        }

        Assert.Equal(ids[0], (await open.ClaimAsync(TimeSpan.Zero, s_claim))?.Id);
        Assert.Equal(ids[1], (await open.ClaimAsync(TimeSpan.Zero, s_claim))?.Id);
        Assert.Null(await open.ClaimAsync(TimeSpan.Zero, s_claim));

        // As by a process that died with it.
        await database.ExecuteAsync("update raw_open set claimed_until = now() where id = $1", ids[1]);
        Assert.Equal(ids[1], (await open.ClaimAsync(TimeSpan.Zero, s_claim))?.Id);
        Assert.Null(await open.ClaimAsync(TimeSpan.Zero, s_claim));
    }

    [Fact]
    public async Task A_key_whose_first_post_is_no_lead_goes_to_one_of_those_that_come_for_it_and_stays_there()
    {
        await using var database = await TestDatabase.CreateAsync();
        using var hot = new HotSessions(database.DataSource, TimeProvider.System);
        var raw = new RawStore(hot);
        var organization = await new OrganizationStore(database.DataSource).FindOrAddAsync(new Tenant("app", "org"));
        RawRow[] rows = [.. new[] { "[]", """{"email":"a@b.c"}""", """{"email":"b@b.c"}""" }.Select(body => Row(organization, body))];
        Assert.Equal(rows[0].Id, (await raw.AppendAsync(Guid.CreateVersion7(), rows))[2]?.LeadId);

        var taken = await Task.WhenAll(raw.TakeOverAsync(rows[1], from: rows[0].Id), raw.TakeOverAsync(rows[2], from: rows[0].Id));

        var winner = Assert.Single(rows[1..], (row) => taken[Array.IndexOf(rows, row) - 1]);
        Assert.All(await raw.FindClaimsAsync(rows), claim => Assert.Equal(winner.Id, claim?.LeadId));
    }

    private static RawRow Row(long organization, string body)
    {
        var id = Guid.CreateVersion7();
        return new RawRow(
            organization, id, IngestionCommits.TimeOf(id), new RawPost(Encoding.UTF8.GetBytes(body), "application/json", null, "{}"u8.ToArray(), null, "r", "key"));
    }
}
