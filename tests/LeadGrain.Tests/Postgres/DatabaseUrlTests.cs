using FsCheck;
using FsCheck.Fluent;
using LeadGrain.Silo;
using Npgsql;

namespace LeadGrain.Tests.Postgres;

public sealed class DatabaseUrlTests
{
    [Theory]
    [InlineData("postgres://ann:pw@db.example:6543/leads", "Host=db.example;Port=6543;Username=ann;Password=pw;Database=leads")]
    [InlineData("PostgreSQL://ann@db/leads", "Host=db;Username=ann;Database=leads")]
    [InlineData("postgres://db", "Host=db")]
    [InlineData("postgres://ann:@db:/", "Host=db;Username=ann")]
    [InlineData("postgresql:///leads", "Host=localhost;Database=leads")]
    [InlineData("  postgres://db/leads \n", "Host=db;Database=leads")]
    [InlineData("postgres://ann:p%40ss%3Aw%2Frd%3F%23%25@db/my%20leads", "Host=db;Username=ann;Password=p@ss:w/rd?#%;Database=my leads")]
    [InlineData("postgres://ann:a@b@db/leads", "Host=db;Username=ann;Password=a@b;Database=leads")]
    [InlineData("postgres://ann:a:b@db/leads", "Host=db;Username=ann;Password=a:b;Database=leads")]
    [InlineData("postgres://ann:pw@[::1]:6543/leads", "Host=::1;Port=6543;Username=ann;Password=pw;Database=leads")]
    [InlineData("postgres://[2001:db8::7]/leads", "Host=2001:db8::7;Database=leads")]
    [InlineData("postgres://a,b:6543/leads", "Host=a:5432,b:6543;Database=leads")]
    [InlineData("postgres://[::1],b/leads?target_session_attrs=primary", "Host=[::1]:5432,b:5432;Database=leads;Target Session Attributes=primary")]
    [InlineData("postgres://a/leads?target_session_attrs=primary", "Host=a;Database=leads")]
    [InlineData("postgres://ann@%2Fvar%2Frun%2Fpostgresql/leads", "Host=/var/run/postgresql;Username=ann;Database=leads")]
    [InlineData("postgres:///leads?host=/var/run/postgresql&port=6543", "Host=/var/run/postgresql;Port=6543;Database=leads")]
    [InlineData("postgres://?host=db&user=ann&password=p%26w&dbname=leads", "Host=db;Username=ann;Password=p&w;Database=leads")]
    [InlineData("postgres://db?sslmode=verify-full&sslrootcert=/ca.pem", "Host=db;SSL Mode=VerifyFull;Root Certificate=/ca.pem")]
    [InlineData("postgres://db?sslmode=verify-ca", "Host=db;SSL Mode=VerifyCA")]
    [InlineData("postgres://db?sslmode=require&channel_binding=require", "Host=db;SSL Mode=Require;Channel Binding=Require")]
    [InlineData("postgres://db?sslmode=no-verify", "Host=db;SSL Mode=Require")]
    [InlineData("postgres://db?application_name=lead%20grain&connect_timeout=7", "Host=db;Application Name=lead grain;Timeout=7")]
    [InlineData("postgres://db?connect_timeout=5000", "Host=db;Timeout=1024")]
    [InlineData("postgres://db?schema=leads&connection_limit=7&pool_timeout=3", "Host=db;Search Path=leads;Maximum Pool Size=7")]
    [InlineData("postgres://db?pgbouncer=true&statement_cache_size=0", "Host=db;No Reset On Close=True")]
    [InlineData("postgres://db?options=-c%20jit%3Doff&sslpassword=x", "Host=db;Options=-c jit=off;SSL Password=x")]
    [InlineData("postgres://db?keepalives=1&keepalives_idle=30", "Host=db;TCP Keepalive=True;TCP Keepalive Time=30")]
    [InlineData("postgres://db?Minimum%20Pool%20Size=3&", "Host=db;Minimum Pool Size=3")]
    [InlineData("postgres://db?sslmode=", "Host=db")]
    [InlineData("Host=db;Username=ann;Password=p;Database=leads", "Host=db;Username=ann;Password=p;Database=leads")]
    [InlineData("Server=db;User Id=ann", "Host=db;Username=ann")]
    public void An_address_means_a_connection(string url, string expected) =>
        Assert.Equal(Keywords(new NpgsqlConnectionStringBuilder(expected)), Keywords(DatabaseUrl.Parse(url)));

    [Theory]
    [InlineData("postgres://db", 40)]
    [InlineData("postgres://db?connection_limit=100", 100)]
    [InlineData("Host=db;Maximum Pool Size=7", 7)]
    [InlineData("Host=db;Minimum Pool Size=60", 60)]
    public void Two_hosts_pools_fit_into_a_server_with_its_defaults_unless_told_otherwise(string url, int connections)
        => Assert.Equal(connections, GridDatabase.Tune(DatabaseUrl.Parse(url)).MaxPoolSize);

    [Theory]
    [InlineData("postgres://db", GssEncryptionMode.Disable)]
    [InlineData("postgres://db?gssencmode=prefer", GssEncryptionMode.Prefer)]
    [InlineData("Host=db;GSS Encryption Mode=Require", GssEncryptionMode.Require)]
    public void Kerberos_encryption_which_has_a_failed_attempt_made_twice_is_for_who_asks_for_it(string url, GssEncryptionMode mode)
        => Assert.Equal(mode, GridDatabase.Tune(DatabaseUrl.Parse(url)).GssEncryptionMode);

    [Fact]
    public async Task A_day_has_24_hours_whatever_the_servers_time_zone()
    {
        await using var database = await TestDatabase.CreateEmptyAsync();
        await database.ExecuteAsync("do $$ begin execute format('alter database %I set timezone to %L', current_database(), 'Europe/Berlin'); end $$");
        await using var source = NpgsqlDataSource.Create(GridDatabase.Tune(new NpgsqlConnectionStringBuilder(database.ConnectionString)));
        await using var command = source.CreateCommand(
            "select extract(epoch from '2026-03-28 12:00+01'::timestamptz + '1 day'::interval - '2026-03-28 12:00+01'::timestamptz)::bigint");

        Assert.Equal(86_400L, await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_pool_that_is_never_empty_may_have_more_connections_than_health_has()
    {
        await using var health = new HealthConnections("Host=db;Minimum Pool Size=3");

        await using var command = health.CreateCommand("select 1");
    }

    [Theory]
    [InlineData("Host=db;Maximum Pool Size=40", 6, 12, 22)]
    [InlineData("Host=db;Maximum Pool Size=100", 6, 30, 64)]
    [InlineData("Host=db;Maximum Pool Size=7", 1, 2, 4)]
    [InlineData("Host=db;Maximum Pool Size=60;Minimum Pool Size=60", 6, 18, 36)]
    [InlineData("Host=db;Maximum Pool Size=1", 1, 1, 1)]
    public void Few_of_the_connections_are_for_what_every_lead_passes_and_some_for_lists(string settings, int hot, int lists, int rest)
    {
        var shares = ConnectionShares.Of(settings);

        var others = new NpgsqlConnectionStringBuilder(shares.Rest);
        Assert.Equal((hot, lists, rest), (shares.Hot, shares.Lists, others.MaxPoolSize));
        Assert.InRange(others.MinPoolSize, 0, rest);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("mysql://ann:secret@db/leads", "does not begin with")]
    [InlineData("postgres://ann:secret@db:54x2/leads", "port")]
    [InlineData("postgres://ann:secret@db:0/leads", "port")]
    [InlineData("postgres://ann:secret@db:65536/leads", "port")]
    [InlineData("postgres://ann:pw/secret@db/leads", "Percent-encode")]
    [InlineData("postgres://ann:pw?secret=1@db/leads", "Percent-encode")]
    [InlineData("postgres://ann:pw#secret@db/leads", "Percent-encode")]
    [InlineData("postgres://ann:secret%@db/leads", "%25")]
    [InlineData("postgres://ann:secret@[::1/leads", "IPv6")]
    [InlineData("postgres://ann:secret@[::1]x/leads", "IPv6")]
    [InlineData("postgres://ann:secret@db/leads?sslmode=secret", "sslmode")]
    [InlineData("postgres://ann:secret@db/leads?connection_limit=secret", "connection_limit")]
    [InlineData("postgres://ann:secret@db/leads?secret=secret", "unknown")]
    [InlineData("postgres://ann:secret@db/leads?secret", "without a value")]
    [InlineData("postgres://ann:secret@db/leads?channel_binding=secret", "unknown")]
    [InlineData("Host=db;Password=a;secret=b", "neither")]
    [InlineData("host=db user=ann password=secret", "neither")]
    [InlineData("Password=secret", "no host")]
    [InlineData("secret", "neither")]
    public void What_cannot_be_understood_is_refused_without_quoting_it(string url, string why)
    {
        var refused = Assert.Throws<DatabaseUrlException>(() => DatabaseUrl.Parse(url));
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Any_user_password_and_database_survive_the_way_there_and_back()
    {
        var text = ArbMap.Default.ArbFor<string>().Generator
            .Where(t => !string.IsNullOrWhiteSpace(t) && !t.Any(c => char.IsSurrogate(c) || c == '\0'));
        var parts = Gen.Three(text).ToArbitrary();
        Prop.ForAll(parts, p => RoundTrips(p.Item1, p.Item2, p.Item3)).QuickCheckThrowOnFailure();
    }

    private static IEnumerable<string> Keywords(NpgsqlConnectionStringBuilder address) =>
        address.Select(pair => $"{pair.Key}={pair.Value}").Order(StringComparer.Ordinal);

    private static bool RoundTrips(string user, string password, string database)
    {
        var url = $"postgres://{Uri.EscapeDataString(user)}:{Uri.EscapeDataString(password)}@db:6543/{Uri.EscapeDataString(database)}"
            + $"?application_name={Uri.EscapeDataString(user)}";
        var parsed = DatabaseUrl.Parse(url);
        // .NET's connection strings lose a line feed at a value's end.
        var again = new[] { user, password, database }.Any(t => t.Any(char.IsControl))
            ? parsed
            : new NpgsqlConnectionStringBuilder(parsed.ConnectionString);
        return new[] { parsed, again }.All(p =>
            p.Username == user && p.Password == password && p.Database == database && p.Host == "db" && p.Port == 6543
            && p.ApplicationName == user);
    }

    [Fact]
    public void Nothing_that_is_typed_ends_in_any_other_exception()
    {
        var piece = Gen.Elements(
            "postgres://", "postgresql://", "ann", ":", "@", "/", "?", "#", "[", "]", "%", "%41", "&", "=", ";", ",", "host",
            "sslmode", "port", "5432", "timeout", " ", "\"", "'", "é");
        Prop.ForAll(Gen.ListOf(piece).ToArbitrary(), pieces => ParsesOrRefuses(string.Concat(pieces)))
            .QuickCheckThrowOnFailure();
    }

    private static bool ParsesOrRefuses(string url)
    {
        try
        {
            return DatabaseUrl.Parse(url).Host is not null;
        }
        catch (DatabaseUrlException)
        {
            return true;
        }
    }
}
