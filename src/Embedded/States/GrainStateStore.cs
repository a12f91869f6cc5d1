using System.Globalization;
using LeadGrain.Embedded.Runtime;
using Npgsql;
using NpgsqlTypes;

namespace LeadGrain.Embedded.States;

/// <summary>The states of grains, as JSON, each with a version.</summary>
internal sealed class GrainStateStore(NpgsqlDataSource database)
{
    private const string Select =
        "select version, state from embedded_grain_states where grain_type = $1 and grain_key = $2 and name = $3";

    private const string Insert =
        """
        insert into embedded_grain_states (grain_type, grain_key, name, state) values ($1, $2, $3, $4)
        on conflict do nothing
        returning version
        """;

    private const string Update =
        """
        update embedded_grain_states set state = $4, version = version + 1
        where grain_type = $1 and grain_key = $2 and name = $3 and version = $5
        returning version
        """;

    private const string Delete =
        """
        delete from embedded_grain_states
        where grain_type = $1 and grain_key = $2 and name = $3 and version = $4
        returning version
        """;

    internal async Task<(string Etag, byte[] Json)?> FindAsync(
        Activation owner, string name, CancellationToken cancellationToken)
    {
        await using var command = Command(Select, owner, name);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false)
            ? (Text(reader.GetInt64(0)), reader.GetFieldValue<byte[]>(1))
            : null;
    }

    /// <summary>Stores a state, a new one where the version is null.</summary>
    /// <returns>The new version; null where the stored version is another.</returns>
    internal async Task<string?> WriteAsync(
        Activation owner, string name, string? etag, byte[] json, CancellationToken cancellationToken)
    {
        await using var command = Command(etag is null ? Insert : Update, owner, name);
        command.Parameters.Add(new() { Value = json, NpgsqlDbType = NpgsqlDbType.Json });
        if (etag is not null)
        {
            command.Parameters.Add(new() { Value = Version(etag) });
        }

        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is long version ? Text(version) : null;
    }

    /// <summary>Deletes a state.</summary>
    /// <returns>False where the stored version is another.</returns>
    internal async Task<bool> DeleteAsync(Activation owner, string name, string etag, CancellationToken cancellationToken)
    {
        await using var command = Command(Delete, owner, name);
        command.Parameters.Add(new() { Value = Version(etag) });
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not null;
    }

    private static string Text(long version) => version.ToString(CultureInfo.InvariantCulture);

    private static long Version(string etag) => long.Parse(etag, CultureInfo.InvariantCulture);

    private NpgsqlCommand Command(string sql, Activation owner, string name)
    {
        var command = database.CreateCommand(sql);
        foreach (var text in (ReadOnlySpan<string>)[owner.GrainClass.Name, owner.Key, name])
        {
            command.Parameters.Add(new() { Value = text });
        }

        return command;
    }
}
