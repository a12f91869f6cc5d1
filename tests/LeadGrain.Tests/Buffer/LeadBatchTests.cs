using System.Text;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Buffer;
using LeadGrain.Grains.Storage;
using LeadGrain.Silo;
using LeadGrain.Tests.Postgres;
using Microsoft.Extensions.Logging.Abstractions;

namespace LeadGrain.Tests.Buffer;

public sealed class LeadBatchTests
{
    private static readonly LeadOrigin s_origin = new("brand", null, null);

    [Fact]
    public void Batches_hold_neighbours_of_one_origin_and_no_more_than_a_row_bears()
    {
        static WaitingLead Lead(long seq, long origin, int bytes)
            => new(seq, origin, s_origin, new NewLead("a@x.example", null, Encoding.ASCII.GetBytes($"\"{new string('x', bytes)}\"")));

        List<WaitingLead> leads =
            [Lead(1, 1, 100), Lead(2, 1, 100), Lead(3, 2, 100), Lead(4, 2, 7_600), Lead(5, 2, 100), Lead(6, 2, 50_000), Lead(7, 2, 1), Lead(8, 1, 1)];

        Assert.Equal(
            [(1, 2), (3, 4), (5, 5), (6, 6), (7, 7), (8, 8)], LeadBatch.Of(leads).Select(b => ((int)b.FirstSeq, (int)b.LastSeq)));
        Assert.Empty(LeadBatch.Of([]));
    }

    [Fact]
    public async Task Leads_are_read_as_they_were_pushed_whatever_batch_they_are_in()
    {
        var random = new Random(20_261_129);
        await using var database = await TestDatabase.CreateAsync();
        using var hot = new HotSessions(database.DataSource, TimeProvider.System);
        var store = new BufferStore(database.DataSource, hot, TimeProvider.System);
        var claim = await store.CreateAsync(new NamespaceKey(new Tenant("app", "org"), "ns"));
        var other = await store.CreateAsync(new NamespaceKey(new Tenant("app", "org"), "other"));
        var origins = new[] { s_origin, new LeadOrigin(null, "clerk", "user") };
        var ids = new long[2];
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = (await store.FindOrAddOriginAsync(claim.Id, claim.Epoch, origins[i]))!.Value;
        }

        var all = new List<WaitingLead>();
        foreach (var count in new[] { 1, 250, 3, 1, 120, 40, 99, 700, 1 })
        {
            var origin = random.Next(2);
            var leads = Enumerable.Range(all.Count + 1, count).Select(seq => new WaitingLead(
                seq, ids[random.Next(20) == 0 ? 1 - origin : origin], origins[origin], Any(random, seq, count))).ToList();
            leads = leads.ConvertAll(l => l with { Origin = origins[Array.IndexOf(ids, l.OriginId)] });
            var beside = new WaitingLead(all.Count + 1, ids[0], s_origin, new NewLead("beside@x.example", null, null));
            var done = await store.CommitPushesAsync([
                new PushWrite(claim.OrganizationId, claim.Id, claim.Epoch, leads, []),
                new PushWrite(other.OrganizationId, other.Id, other.Epoch, [beside], [])]);
            Assert.Equal([true, true], done);
            all.AddRange(leads);
        }

        Assert.Equal(all.Count, (await store.ClaimAsync(new NamespaceKey(new Tenant("app", "org"), "ns"), []))!.LastSeq);
        Assert.InRange(await database.ScalarAsync<long>("select count(*) from lead_batches where namespace_id = $1", claim.Id), 10, all.Count / 4);
        Assert.Equal(
            await database.ScalarAsync<bool>("select 'lz4' = any(enumvals) from pg_settings where name = 'default_toast_compression'"),
            await database.ScalarAsync<bool>("select exists (select from lead_batches where pg_column_compression(datas) = 'lz4')"));
        Assert.Equal(all.Select(Text), await ReadAsync(database, Columns("buffered_leads b where b.namespace_id = $1 order by b.seq"), claim.Id));
        Assert.Equal(
            all.Select(Text),
            await ReadAsync(database, Columns("generate_series(1, $2) s cross join lateral buffered_lead($1, s) b order by b.seq"), claim.Id, all.Count));
        for (var turn = 0; turn < 100; turn++)
        {
            var (after, limit) = (random.Next(all.Count + 2) - 1, random.Next(1, 300));
            var read = await store.ReadWaitingAsync(claim, Math.Max(after, 0), limit, int.MaxValue, new OriginCache());
            var expected = all.Skip(Math.Max(after, 0)).Take(limit).Select(l => l.Lead.Priority == 0 ? l : l with { Lead = l.Lead with { Data = null } });
            Assert.Equal(expected.Select(Text), read.Select(Text));
        }
    }

    [Fact]
    public async Task A_buffer_of_a_row_a_lead_is_taken_over()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        var folder = Directory.CreateTempSubdirectory("lg-sql-");
        try
        {
            // The migrator tells files by their folder's name as well.
            var before = folder.CreateSubdirectory(Path.GetFileName(GrainHost.SqlFolders[0])).FullName;
            foreach (var file in Directory.GetFiles(GrainHost.SqlFolders[0], "*.sql").Where(f => string.CompareOrdinal(Path.GetFileName(f), "013") < 0))
            {
                File.Copy(file, Path.Combine(before, Path.GetFileName(file)));
            }

            await MigrateAsync(database, before);
            await database.ExecuteAsync(
                """
                insert into organizations (app_id, org_id) values ('app', 'org');
                insert into namespaces (organization_id, name) select id, 'ns' from organizations;
                insert into lead_origins (organization_id, namespace_id, brand_id) select organization_id, id, 'brand' from namespaces;
                insert into lead_buffer (namespace_id, seq, origin_id, pushed_at, email, external_id, data, priority)
                select n.id, s.seq, o.id, '2026-01-01', s.seq || '@x.example', s.external_id, s.data, s.priority
                from namespaces n, lead_origins o, (values (1, null, null::json, 0), (2, 'ext', '{ "a" : 1 }'::json, 7), (3, null, '2'::json, 0)) s (seq, external_id, data, priority)
                """);
            await MigrateAsync(database, GrainHost.SqlFolders[0]);

            Assert.Equal(
                ["1|1|1@x.example|-|-|0", "2|1|2@x.example|ext|{ \"a\" : 1 }|7", "3|1|3@x.example|-|2|0"],
                await ReadAsync(database, Columns("buffered_leads b order by b.seq")));
            using var hot = new HotSessions(database.DataSource, TimeProvider.System);
            var store = new BufferStore(database.DataSource, hot, TimeProvider.System);
            Assert.Equal(3, (await store.ClaimAsync(new NamespaceKey(new Tenant("app", "org"), "ns"), []))!.LastSeq);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task MigrateAsync(TestDatabase database, string folder)
        => await new Migrator(database.DataSource, TimeProvider.System, NullLogger<Migrator>.Instance).ApplyAsync(CancellationToken.None, folder);

    private static NewLead Any(Random random, int seq, int count)
    {
        // Without any value in some pushes, so that arrays are null there.
        var (sparse, text) = (count % 2 == 1, random.Next(10) == 0 ? "ünïcødé–😀" : "plain");
        var data = random.Next(40) == 0 ? new string('é', random.Next(9_000)) : text;
        return new NewLead(
            $"{text}{seq}@x.example",
            sparse || random.Next(3) == 0 ? null : $"{text}_{seq}",
            sparse && count < 700 || random.Next(3) == 0 ? null : Encoding.UTF8.GetBytes($$"""{ "n":{{seq}}, "t":"{{data}}" }"""),
            random.Next(count == 250 ? 3 : 30) == 0 ? random.Next(-2, 3) : 0);
    }

    private static Task<List<string>> ReadAsync(TestDatabase database, string sql, params object[] values)
        => database.DataSource.ReadAllAsync(sql, row => row.GetString(0), values);

    private static string Columns(string from)
        => $"select concat_ws('|', b.seq, b.origin_id, b.email, coalesce(b.external_id, '-'), coalesce(b.data::text, '-'), b.priority) from {from}";

    private static string Text(WaitingLead lead)
    {
        var (email, externalId, data, priority) = lead.Lead;
        return $"{lead.Seq}|{lead.OriginId}|{email}|{externalId ?? "-"}|{(data is null ? "-" : Encoding.UTF8.GetString(data))}|{priority}";
    }
}
