namespace LeadGrain.Tests.Postgres;

public sealed class ReadinessTests
{
    [Fact]
    public async Task Ready_tells_of_the_host_the_database_and_the_migrations()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);

        var ready = await grid.Client.ReadAsync("/health/ready");
        Assert.Equal(["database", "host", "migrations"], ready["checks"]!.AsArray().Select(c => (string)c!["name"]!).Order());

        await using var remove = database.DataSource.CreateCommand("delete from schema_migrations where version = 3");
        await remove.ExecuteNonQueryAsync();
        using var response = await grid.Client.GetAsync(new Uri("/health/ready", UriKind.Relative));
        Assert.Equal(503, (int)response.StatusCode);
        Assert.Contains("migrations", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
