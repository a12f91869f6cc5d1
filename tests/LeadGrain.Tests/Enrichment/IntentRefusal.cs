using Npgsql;

namespace LeadGrain.Tests.Enrichment;

/// <summary>A database that fails each intent as if it were going down, and tells which it was.</summary>
internal sealed class IntentRefusal : IAsyncDisposable
{
    private readonly NpgsqlDataSource _database;

    private IntentRefusal(NpgsqlDataSource database) => _database = database;

    // What a sequence holds outlives the transaction that fails.
    internal static async Task<IntentRefusal> BeginAsync(NpgsqlDataSource database)
    {
        var refusal = new IntentRefusal(database);
        await refusal.ExecuteAsync(
            """
            create sequence refused_upper minvalue -9223372036854775808;
            create sequence refused_lower minvalue -9223372036854775808;
            create function refuse_intent() returns trigger language plpgsql as $$
            declare
                digits text := replace(new.id::text, '-', '');
            begin
                perform setval('refused_upper', ('x' || left(digits, 16))::bit(64)::bigint);
                perform setval('refused_lower', ('x' || right(digits, 16))::bit(64)::bigint);
                raise exception 'going down' using errcode = '57P01';
            end
            $$;
            create trigger refuse_intent before insert on enrichment_calls for each row execute function refuse_intent();
            """);
        return refusal;
    }

    /// <summary>The intent that it failed last.</summary>
    internal async Task<Guid> LastAsync()
    {
        await using var command = _database.CreateCommand(
            "select (lpad(to_hex(u.last_value), 16, '0') || lpad(to_hex(l.last_value), 16, '0'))::uuid from refused_upper u, refused_lower l");
        return (Guid)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync() => await ExecuteAsync("drop function refuse_intent cascade; drop sequence refused_upper, refused_lower");

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
