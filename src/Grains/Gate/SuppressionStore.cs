using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LeadGrain.Grains.Gate;

/// <summary>Who is not to be contacted, in PostgreSQL: hashes only, keyed with a pepper of the organization's own.</summary>
internal sealed class SuppressionStore(
    NpgsqlDataSource database, [FromKeyedServices(GrainsSetup.ListSource)] NpgsqlDataSource lists, TimeProvider time)
{
    // 64 bytes each. Beyond, all are forgotten and read again as needed.
    private const int KeptPeppers = 20_000;

    private const string PepperSql =
        """
        with made as (
            insert into organization_peppers (organization_id, pepper) values ($1, $2) on conflict do nothing returning pepper
        )
        select pepper from made
        union all
        select pepper from organization_peppers where organization_id = $1
        """;

    private const string AddSql =
        """
        with made as (
            insert into suppressions (organization_id, email_hash, reason, source, at)
            select $1, e.hash, $3, $4, $5 from unnest($2::bytea[]) as e (hash)
            on conflict do nothing
            returning email_hash
        ), noted as (
            insert into audit_log (organization_id, at, actor, action, entity, entity_id, after, reason)
            select $1, $5, $4, 'suppression_added', 'suppression', encode(email_hash, 'hex'), json_build_object('reason', $3::text), $6 from made
        )
        select count(*)::integer from made
        """;

    private const string RemoveSql =
        """
        with gone as (
            delete from suppressions where organization_id = $1 and email_hash = any($2) and ($3::text is null or reason = $3)
            returning email_hash, reason
        ), noted as (
            insert into audit_log (organization_id, at, actor, action, entity, entity_id, before, reason)
            select $1, $5, $4, 'suppression_removed', 'suppression', encode(email_hash, 'hex'), json_build_object('reason', reason), $6 from gone
        )
        select count(*)::integer from gone
        """;

    private const string FindSql =
        "select email_hash, array_agg(reason) from suppressions where organization_id = $1 and email_hash = any($2) group by email_hash";

    private const string ListSql =
        """
        select email_hash, reason, source, at from suppressions
        where organization_id = $1 and (email_hash, reason) > ($2, $3)
            and ($4::text is null or reason = $4) and ($5::bytea is null or email_hash = $5)
        order by email_hash, reason limit $6
        """;

    private readonly ConcurrentDictionary<long, byte[]> _peppers = new();

    /// <summary>The hash under which an email is on an organization's list.</summary>
    /// <param name="organizationId">Whose list.</param>
    /// <param name="emailKey">The email's key.</param>
    internal async ValueTask<byte[]> HashAsync(long organizationId, string emailKey)
        => HMACSHA256.HashData(await PepperAsync(organizationId), Encoding.UTF8.GetBytes(emailKey));

    /// <summary>Puts emails on the list; those that are there for this reason already stay as they are.</summary>
    /// <param name="organizationId">Whose list.</param>
    /// <param name="emailKeys">By their keys.</param>
    /// <param name="reason">Of <see cref="SuppressionReason"/>.</param>
    /// <param name="source">Who says so.</param>
    /// <returns>How many are new.</returns>
    internal Task<int> AddAsync(long organizationId, IReadOnlyCollection<string> emailKeys, string reason, Actor source)
        => StorageFaults.GuardAsync(async () =>
        {
            var hashes = await HashAllAsync(organizationId, emailKeys);
            await using var command = database.CreateCommand(AddSql);
            command.Bind(organizationId, hashes, reason, source.Name, time.GetUtcNow().UtcDateTime, source.Why);
            return (int)(await command.ExecuteScalarAsync())!;
        });

    /// <summary>Takes emails off the list.</summary>
    /// <param name="organizationId">Whose list.</param>
    /// <param name="emailKeys">By their keys.</param>
    /// <param name="reason">For this reason only; null for all.</param>
    /// <param name="actor">Who does it.</param>
    /// <returns>How many entries are gone.</returns>
    internal Task<int> RemoveAsync(long organizationId, IReadOnlyCollection<string> emailKeys, string? reason, Actor actor)
        => StorageFaults.GuardAsync(async () =>
        {
            var hashes = await HashAllAsync(organizationId, emailKeys);
            await using var command = database.CreateCommand(RemoveSql);
            command.Bind(organizationId, hashes, reason, actor.Name, time.GetUtcNow().UtcDateTime, actor.Why);
            return (int)(await command.ExecuteScalarAsync())!;
        });

    /// <summary>Which of these emails are on the list, each with its reasons.</summary>
    /// <param name="organizationId">Whose list.</param>
    /// <param name="emailKeys">By their keys.</param>
    internal async Task<IReadOnlyDictionary<string, string[]>> FindAsync(long organizationId, IReadOnlyCollection<string> emailKeys)
    {
        var keys = emailKeys.Distinct(StringComparer.Ordinal).ToArray();
        var hashes = await HashAllAsync(organizationId, keys);
        var found = await StorageFaults.GuardAsync(() => database.ReadAllAsync(
            FindSql, static row => (Hash: Convert.ToHexString(row.GetFieldValue<byte[]>(0)), Reasons: row.GetFieldValue<string[]>(1)), organizationId, hashes));
        var reasons = found.ToDictionary(static one => one.Hash, static one => one.Reasons, StringComparer.Ordinal);
        return keys.Zip(hashes, static (key, hash) => (Key: key, Hash: Convert.ToHexString(hash)))
            .Where(one => reasons.ContainsKey(one.Hash))
            .ToDictionary(static one => one.Key, one => reasons[one.Hash], StringComparer.Ordinal);
    }

    /// <summary>A page of the list, by hash.</summary>
    internal Task<SuppressionPage> ListAsync(long organizationId, SuppressionQuery query) => StorageFaults.GuardAsync(async () =>
    {
        var email = query.EmailKey is { } key ? await HashAsync(organizationId, key) : null;
        var found = await lists.ReadAllAsync(
            ListSql,
            static row => new Suppression(
                row.GetFieldValue<byte[]>(0), row.GetString(1), row.GetString(2), new DateTimeOffset(row.GetDateTime(3), TimeSpan.Zero)),
            organizationId,
            query.AfterHash,
            query.AfterReason,
            query.Reason,
            email,
            query.Limit + 1);
        return new SuppressionPage([.. found.Take(query.Limit)], found.Count > query.Limit);
    });

    private async Task<byte[][]> HashAllAsync(long organizationId, IReadOnlyCollection<string> emailKeys)
    {
        var pepper = await PepperAsync(organizationId);
        return [.. emailKeys.Distinct(StringComparer.Ordinal).Select(key => HMACSHA256.HashData(pepper, Encoding.UTF8.GetBytes(key)))];
    }

    private async ValueTask<byte[]> PepperAsync(long organizationId)
    {
        if (_peppers.TryGetValue(organizationId, out var known))
        {
            return known;
        }

        byte[]? pepper = null;
        while (pepper is null) // none at all means that another process made it while this statement looked
        {
            pepper = (await StorageFaults.GuardAsync(() => database.ReadAllAsync(
                PepperSql, static row => row.GetFieldValue<byte[]>(0), organizationId, RandomNumberGenerator.GetBytes(32)))).FirstOrDefault();
        }

        if (_peppers.Count >= KeptPeppers)
        {
            _peppers.Clear();
        }

        return _peppers.GetOrAdd(organizationId, pepper);
    }
}
