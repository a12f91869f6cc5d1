using LeadGrain.Silo;
using Npgsql;

namespace LeadGrain.Tests.OrleansHost;

public sealed class ConnectionsTests
{
    // A server's default, but for the three that it keeps for its administrators.
    private const int Places = 97;

    [Fact]
    public void Two_silos_fit_into_a_server_with_its_defaults()
    {
        var connection = GridDatabase.Tune(new NpgsqlConnectionStringBuilder("Host=db")).ConnectionString;
        var shares = ConnectionShares.Of(connection);
        const int Health = 2;

        Assert.True(2 * (shares.Hot + shares.Lists + Most(shares.Rest) + Most(GrainHost.TablesOf(connection)) + Health) <= Places);
    }

    [Theory]
    [InlineData("Host=db;Minimum Pool Size=10;Maximum Pool Size=40", 6)]
    [InlineData("Host=db;Maximum Pool Size=2", 2)]
    public void Orleans_has_a_small_pool_of_its_own(string connection, int connections)
        => Assert.Equal((0, connections), (new NpgsqlConnectionStringBuilder(GrainHost.TablesOf(connection)).MinPoolSize, Most(GrainHost.TablesOf(connection))));

    private static int Most(string connection) => new NpgsqlConnectionStringBuilder(connection).MaxPoolSize;
}
