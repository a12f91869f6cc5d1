using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Buffer;
using LeadGrain.Grains.Storage;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Buffer;

public sealed class ReadWaitingTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_more_leads_are_read_than_the_bytes_allow_by_the_size_of_their_data_unpacked(bool compressed)
    {
        await using var database = await TestDatabase.CreateAsync();
        using var hot = new HotSessions(database.DataSource, TimeProvider.System);
        var store = new BufferStore(database.DataSource, hot, TimeProvider.System);
        var claim = await store.CreateAsync(new NamespaceKey(new Tenant("app", "org"), "ns"));
        var origin = (await store.FindOrAddOriginAsync(claim.Id, claim.Epoch, new LeadOrigin(null, null, null)))!.Value;
        var random = new byte[75_000];
        new Random(1).NextBytes(random);
        var data = System.Text.Encoding.ASCII.GetBytes($"\"{(compressed ? new string('x', 100_000) : Convert.ToBase64String(random))}\"");
        var leads = Enumerable.Range(1, 7)
            .Select(n => new WaitingLead(n, origin, new LeadOrigin(null, null, null), new NewLead($"{n}@x.example", null, data))).ToList();
        await store.CommitPushesAsync([new PushWrite(claim.OrganizationId, claim.Id, claim.Epoch, leads, [])]);
        Assert.Equal(compressed ? 7 : 0, await database.ScalarAsync<long>("select count(pg_column_compression(datas)) from lead_batches"));

        var read = await store.ReadWaitingAsync(claim, afterSeq: 1, limit: 100, bytes: 250_000, new OriginCache());

        Assert.Equal([2, 3, 4], read.Select(lead => lead.Seq));
        Assert.All(read, lead => Assert.Equal(data, lead.Lead.Data));
    }
}
