using System.Text;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Audit;
using LeadGrain.Grains.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace LeadGrain.Grains.Secrets;

/// <summary>Organizations' secrets in PostgreSQL, sealed. What comes out of <see cref="OpenAsync"/> is for use, not for answers or logs.</summary>
internal sealed partial class SecretStore(
    NpgsqlDataSource database, [FromKeyedServices(GrainsSetup.ListSource)] NpgsqlDataSource lists,
    SecretBox box, TimeProvider time, ILogger<SecretStore> log)
{
    private const string OpenSql = "select key_id, sealed from organization_secrets where organization_id = $1 and name = $2";

    private const string OpenAllSql =
        """
        select s.organization_id, s.name, s.key_id, s.sealed
        from organizations o join organization_secrets s on s.organization_id = o.id
        where o.app_id = $1 and o.org_id = $2 and s.name = any($3)
        """;

    private const string AnySql = "select 1 from organization_secrets where organization_id = $1 and name = any($2) limit 1";

    private const string NamesSql = "select name, updated_at from organization_secrets where organization_id = $1 order by name";

    private const string CountSql = "select count(*) from organization_secrets";

    // Rows of a key that is gone stay behind the position, so that a run ends.
    private const string OldSql =
        """
        select organization_id, name, key_id, sealed from organization_secrets
        where key_id <> $1 and (organization_id, name) > ($2, $3)
        order by organization_id, name limit $4
        for update skip locked
        """;

    private const string ResealSql =
        """
        update organization_secrets s set key_id = r.key_id, sealed = r.sealed
        from unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[]) as r (organization_id, name, key_id, sealed)
        where s.organization_id = r.organization_id and s.name = r.name
        """;

    private static readonly string s_setSql =
        $"""
        with done as (
            insert into organization_secrets (organization_id, name, key_id, sealed, updated_at) values ($1, $2, $3, $4, $5)
            on conflict on constraint organization_secrets_pkey do update set
                key_id = excluded.key_id, sealed = excluded.sealed, updated_at = excluded.updated_at
        )
        {AuditStore.Append(firstParameter: 6)}
        """;

    private static readonly string s_deleteSql =
        $"""
        with gone as (delete from organization_secrets where organization_id = $1 and name = $2 returning 1)
        {AuditStore.Append(firstParameter: 3)}
        where exists (select from gone)
        """;

    /// <summary>Keeps a secret, in place of the one of that name.</summary>
    /// <exception cref="SecretsNotConfiguredException">There is no key ring.</exception>
    internal Task SetAsync(long organizationId, string name, string secret, Actor actor) => StorageFaults.GuardAsync(async () =>
    {
        var made = box.Seal(organizationId, name, Encoding.UTF8.GetBytes(secret));
        var now = time.GetUtcNow();
        await using var command = database.CreateCommand(s_setSql);
        command.Bind(organizationId, name, made.KeyId, made.Bytes, now.UtcDateTime);
        AuditStore.Bind(command, [(0, new AuditEntry(organizationId, actor, "secret_set", "secret", name))], now);
        return await command.ExecuteNonQueryAsync();
    });

    /// <summary>Opens a secret; null where there is none of that name.</summary>
    /// <exception cref="SecretUnreadableException">The ring does not open it.</exception>
    internal async Task<string?> OpenAsync(long organizationId, string name)
    {
        var found = await StorageFaults.GuardAsync(() => database.ReadAllAsync(OpenSql, ReadSealed, organizationId, name));
        if (found is [var one])
        {
            return Encoding.UTF8.GetString(box.Open(organizationId, name, one));
        }

        box.OpenNothing();
        return null;
    }

    /// <summary>Opens a secret; null where there is none of that name, or the ring does not open it, which is logged.</summary>
    internal async Task<string?> OpenIfReadableAsync(long organizationId, string name)
    {
        try
        {
            return await OpenAsync(organizationId, name);
        }
        catch (SecretUnreadableException)
        {
            LogUnreadable(name, organizationId);
            return null;
        }
    }

    /// <summary>Whether there is a secret of one of these names.</summary>
    internal async Task<bool> HasAnyAsync(long organizationId, params string[] names)
        => await StorageFaults.GuardAsync(() => database.ReadAllAsync(AnySql, static row => row.GetInt32(0), organizationId, names)) is not [];

    /// <summary>
    /// Opens those of some secrets that there are and that open; none for an organization that does not exist, in the same time. One
    /// that does not open is logged, and keeps the others from nothing.
    /// </summary>
    /// <returns>Those by name, and whether one did not open.</returns>
    internal async Task<(IReadOnlyDictionary<string, string> Opened, bool HasUnreadable)> OpenAllAsync(Tenant tenant, string[] names)
    {
        var found = await StorageFaults.GuardAsync(() => database.ReadAllAsync(
            OpenAllSql,
            static row => (Id: row.GetInt64(0), Name: row.GetString(1), Secret: new SealedSecret(row.GetString(2), row.GetFieldValue<byte[]>(3))),
            tenant.App,
            tenant.Org,
            names));
        var opened = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (id, name, secret) in found)
        {
            try
            {
                opened[name] = Encoding.UTF8.GetString(box.Open(id, name, secret));
            }
            catch (SecretUnreadableException)
            {
                LogUnreadable(name, id);
            }
        }

        for (var missing = found.Count; missing < names.Length; missing++)
        {
            box.OpenNothing();
        }

        return (opened, opened.Count < found.Count);
    }

    /// <summary>Removes a secret.</summary>
    /// <returns>Whether there was one.</returns>
    internal Task<bool> DeleteAsync(long organizationId, string name, Actor actor) => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(s_deleteSql);
        command.Bind(organizationId, name);
        AuditStore.Bind(command, [(0, new AuditEntry(organizationId, actor, "secret_deleted", "secret", name))], time.GetUtcNow());
        return await command.ExecuteNonQueryAsync() > 0;
    });

    /// <summary>The names of the secrets that are kept, and since when; never their values.</summary>
    internal Task<List<(string Name, DateTimeOffset UpdatedAt)>> ListAsync(long organizationId) => StorageFaults.GuardAsync(
        () => lists.ReadAllAsync(NamesSql, static row => (row.GetString(0), new DateTimeOffset(row.GetDateTime(1), TimeSpan.Zero)), organizationId));

    /// <summary>
    /// Seals some secrets anew with the first key of the ring. Rows that another process has in hand are passed over, so any
    /// number of processes may do this at once.
    /// </summary>
    /// <param name="after">The end of the batch before.</param>
    /// <param name="limit">At most so many.</param>
    internal Task<ResealedBatch> ResealAsync((long OrganizationId, string Name) after, int limit) => StorageFaults.GuardAsync(async () =>
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var old = new List<(long OrganizationId, string Name, SealedSecret Secret)>();
        await using (var look = new NpgsqlCommand(OldSql, connection))
        {
            look.Bind(box.SealingKeyId, after.OrganizationId, after.Name, limit);
            await using var row = await look.ExecuteReaderAsync();
            while (await row.ReadAsync())
            {
                old.Add((row.GetInt64(0), row.GetString(1), new SealedSecret(row.GetString(2), row.GetFieldValue<byte[]>(3))));
            }
        }

        var made = old.ConvertAll(o => (o.OrganizationId, o.Name, Secret: Reseal(o.OrganizationId, o.Name, o.Secret))).FindAll(m => m.Secret is not null);
        await using var reseal = new NpgsqlCommand(ResealSql, connection);
        reseal.Bind(
            made.ConvertAll(m => m.OrganizationId).ToArray(),
            made.ConvertAll(m => m.Name).ToArray(),
            made.ConvertAll(m => m.Secret!.KeyId).ToArray(),
            made.ConvertAll(m => m.Secret!.Bytes).ToArray());
        await reseal.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
        return new ResealedBatch(made.Count, old.Count - made.Count, old is [.., var last] ? (last.OrganizationId, last.Name) : null);
    });

    /// <summary>How many there are, whoever's.</summary>
    internal Task<long> CountAsync() => StorageFaults.GuardAsync(async () =>
    {
        await using var command = database.CreateCommand(CountSql);
        return (long)(await command.ExecuteScalarAsync())!;
    });

    [LoggerMessage(160, LogLevel.Error, "The secret {Name} of organization {OrganizationId} does not open: its key is not in SECRET_KEYS, or its row was changed")]
    private partial void LogUnreadable(string name, long organizationId);

    private SealedSecret? Reseal(long organizationId, string name, SealedSecret old)
    {
        try
        {
            return box.Seal(organizationId, name, box.Open(organizationId, name, old));
        }
        catch (SecretUnreadableException)
        {
            return null;
        }
    }

    private static SealedSecret ReadSealed(NpgsqlDataReader row) => new(row.GetString(0), row.GetFieldValue<byte[]>(1));
}

/// <summary>What a step of the rotation did.</summary>
/// <param name="Resealed">Sealed with the first key now.</param>
/// <param name="Unreadable">That no key of the ring opens.</param>
/// <param name="Last">Where the next step goes on; null: all were seen.</param>
internal sealed record ResealedBatch(int Resealed, int Unreadable, (long OrganizationId, string Name)? Last);
