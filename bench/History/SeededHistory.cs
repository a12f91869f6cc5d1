using LeadGrain.Bench.Target;
using Npgsql;

namespace LeadGrain.Bench.History;

/// <summary>
/// Puts history straight into the product's tables, since serving millions of leads over HTTP would take too long. All that
/// the benchmark knows of the product's tables is in this file.
/// </summary>
internal sealed class SeededHistory(DatabaseServer server, string database)
{
    // Of the lead of seq i in namespace n: in no order, and quick to make.
    private const string Email = "encode(int8send(hashint8extended(i, n.id)), 'hex') || '@example.com'";

    // Served so many a millisecond, a while ago; the ids rise with the leads' order, as those of real pulls do.
    private const string ServedSql =
        $"""
        insert into served_leads (id, organization_id, namespace_id, seq, origin_id, served_at, email_key)
        select
            encode(
                int8send(((@started + i / 50) << 16) + x'7000'::int + i % 50)
                    || int8send((hashint8extended(i, 0) & x'3fffffffffffffff'::bigint) | x'8000000000000000'::bigint),
                'hex')::uuid,
            n.organization_id, n.id, i, o.id, to_timestamp((@started + i / 50) / 1000::float8), {Email}
        from namespaces n
        join organizations g on g.id = n.organization_id
        join lead_origins o on o.namespace_id = n.id
        cross join generate_series(@first, @last) i
        where g.org_id = @org
        """;

    // Batches as the pushes of the benchmark make them.
    private const string BufferSql =
        $$"""
        insert into lead_batches (namespace_id, first_seq, last_seq, origin_id, pushed_at, data_bytes, emails, external_ids, datas)
        select n.id, first, t.last, o.id, now() - interval '3 days', 37 * (t.last - first + 1),
            array(select {{Email}} from generate_series(first, t.last) i),
            array(select 'apollo_' || i from generate_series(first, t.last) i),
            array_fill('{"firstName":"John","lastName":"Doe"}'::text, array[(t.last - first + 1)::int])
        from namespaces n
        join organizations g on g.id = n.organization_id
        join lead_origins o on o.namespace_id = n.id
        cross join generate_series(1, @pushed, 30) first
        cross join lateral (select least(first + 29, @pushed) as last) t
        where g.org_id = @org
        """;

    private const string NamespacesSql =
        """
        with organization as (
            insert into organizations (app_id, org_id) values (@app, @org) returning id
        ), made as (
            insert into namespaces (organization_id, name)
            select organization.id, @prefix || lpad(i::text, 6, '0') from organization, generate_series(0, @count - 1) i
            returning id, organization_id
        )
        insert into lead_origins (organization_id, namespace_id, brand_id) select organization_id, id, 'brand-1' from made
        """;

    // Rising, as those of posts are.
    private const string PostId = "encode(int8send(n) || int8send(hashint8extended(n, 0)), 'hex')::uuid";

    private const string RawSql =
        $"""
        insert into leads_raw (organization_id, received_at, id, body, content_type, headers, request_id)
        select o.id, now() - n * interval '1 millisecond', {PostId}, convert_to(repeat('x', 300), 'UTF8'), 'application/json', '{"{}"}', n::text
        from organizations o, generate_series(1, @rows) n where o.app_id = @app and o.org_id = @org
        """;

    private const string LeadsSql =
        $"""
        insert into leads (organization_id, id, email, first_name, last_name, phone, body_hash, created_at, updated_at)
        select o.id, {PostId}, n || '@example.com', 'John', 'Doe', '+371', '\x00', now(), now()
        from organizations o, generate_series(1, @rows) n where o.app_id = @app and o.org_id = @org
        """;

    private const string CheckpointSql =
        """
        update namespaces n set settled_seq = @served, served_count = @served, skipped_count = 0,
            settled_id = (select id from served_leads s where s.namespace_id = n.id order by id desc limit 1)
        from organizations g where g.id = n.organization_id and g.org_id = @org
        """;

    // Whatever indexes the tables have: rows first and indexes after is several times as fast.
    private const string DropIndexesSql =
        """
        create table seeding (drop_it text, make_it text);
        insert into seeding
        select format('alter table %s drop constraint %I', c.conrelid::regclass, c.conname),
            format('alter table %s add constraint %I %s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid))
        from pg_constraint c where c.contype in ('p', 'u') and c.conrelid in ('served_leads'::regclass, 'lead_batches'::regclass)
        union all
        select format('drop index %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
        from pg_index i where i.indrelid in ('served_leads'::regclass, 'lead_batches'::regclass)
            and not exists (select from pg_constraint c where c.conindid = i.indexrelid);
        do $$ declare s text; begin for s in select drop_it from seeding loop execute s; end loop; end $$;
        """;

    private const string MakeIndexesSql =
        """
        set maintenance_work_mem = '512MB';
        do $$ declare s text; begin for s in select make_it from seeding where make_it like '%' || @table || '%' loop execute s; end loop; end $$;
        """;

    private static readonly long s_started = DateTimeOffset.UtcNow.AddDays(-2.3).ToUnixTimeMilliseconds();

    /// <summary>Adds namespaces in each of which two leads wait.</summary>
    internal async Task AddNamespacesAsync(NamespaceGroup group, CancellationToken cancellationToken)
    {
        await using var source = server.Open(database);
        await MakeAsync(source, group, cancellationToken);
        await RunAsync(source, "analyze organizations, namespaces, lead_origins", cancellationToken);
        await RunAsync(source, BufferSql, cancellationToken, ("pushed", 2), ("org", group.Org));
        group.Waiting += 2L * group.Count;
        await RunAsync(source, "vacuum analyze namespaces, lead_origins, lead_batches", cancellationToken);
    }

    /// <summary>Adds organizations of one namespace each, with leads served and leads that wait. The tables must be empty.</summary>
    internal async Task AddServedAsync(
        IReadOnlyList<(NamespaceGroup Group, long Served, long Waiting)> histories, CancellationToken cancellationToken)
    {
        await using var source = server.Open(database);
        await RunAsync(source, DropIndexesSql, cancellationToken);
        foreach (var (group, _, waiting) in histories)
        {
            await MakeAsync(source, group, cancellationToken);
            group.Waiting = waiting;
        }

        await Task.WhenAll(
            BufferAsync(source, histories, cancellationToken),
            ServeAsync(source, histories, served => (1, served / 2), cancellationToken),
            ServeAsync(source, histories, served => (served / 2 + 1, served), cancellationToken));
        await Task.WhenAll(MakeIndexesAsync(source, "lead_batches", cancellationToken), MakeIndexesAsync(source, "served_leads", cancellationToken));
        foreach (var (group, served, _) in histories)
        {
            await RunAsync(source, CheckpointSql, cancellationToken, ("served", served), ("org", group.Org));
        }

        await RunAsync(source, "drop table seeding", cancellationToken);
        await RunAsync(source, "vacuum (freeze, analyze) lead_batches, served_leads, namespaces, lead_origins", cancellationToken);
        await RunAsync(source, "checkpoint", cancellationToken);
    }

    /// <summary>Adds rows of another organization to the raw log, as posts would have left them, and their leads.</summary>
    internal async Task AddPostsAsync(long rows, CancellationToken cancellationToken)
    {
        await using var source = server.Open(database);
        (string, object)[] values = [("app", Grid.App), ("org", "grown"), ("rows", rows)];
        foreach (var sql in (string[])
        [
            "insert into organizations (app_id, org_id) values (@app, @org) on conflict do nothing", RawSql, LeadsSql,
            "vacuum analyze leads_raw", "vacuum analyze leads",
        ])
        {
            await RunAsync(source, sql, cancellationToken, values);
        }
    }

    private static async Task BufferAsync(
        NpgsqlDataSource source, IReadOnlyList<(NamespaceGroup Group, long Served, long Waiting)> histories, CancellationToken cancellationToken)
    {
        foreach (var (group, served, waiting) in histories)
        {
            await RunAsync(source, BufferSql, cancellationToken, ("pushed", served + waiting), ("org", group.Org));
        }
    }

    private static async Task ServeAsync(
        NpgsqlDataSource source, IReadOnlyList<(NamespaceGroup Group, long Served, long Waiting)> histories, Func<long, (long First, long Last)> part,
        CancellationToken cancellationToken)
    {
        foreach (var (group, served, _) in histories)
        {
            var (first, last) = part(served);
            await RunAsync(
                source, ServedSql, cancellationToken, ("started", s_started), ("first", first), ("last", last), ("org", group.Org));
        }
    }

    private static Task MakeIndexesAsync(NpgsqlDataSource source, string table, CancellationToken cancellationToken)
        => RunAsync(source, MakeIndexesSql.Replace("@table", $"'{table}'", StringComparison.Ordinal), cancellationToken);

    private static Task MakeAsync(NpgsqlDataSource source, NamespaceGroup group, CancellationToken cancellationToken) => RunAsync(
        source, NamespacesSql, cancellationToken,
        ("app", Grid.App), ("org", group.Org), ("prefix", group.Prefix), ("count", group.Count));

    private static async Task RunAsync(
        NpgsqlDataSource source, string sql, CancellationToken cancellationToken, params (string Name, object Value)[] values)
    {
        await using var command = source.CreateCommand(sql);
        foreach (var (name, value) in values.Where(v => sql.Contains($"@{v.Name}", StringComparison.Ordinal)))
        {
            command.Parameters.AddWithValue(name, value);
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
