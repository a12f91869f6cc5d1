using LeadGrain.Grains;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace LeadGrain.Tests.Storage;

public sealed class ListFloodTests(SharedGrid shared) : IClassFixture<SharedGrid>
{
    // More than a process has connections.
    private const int Flood = 100;

    // Who finds no connection is refused after 15 s.
    private static readonly TimeSpan s_atOnce = TimeSpan.FromSeconds(10);

    private readonly string _run = $"{Guid.NewGuid():n}";

    private NpgsqlDataSource ListSource => shared.Grid.Services.GetRequiredKeyedService<NpgsqlDataSource>(GrainsSetup.ListSource);

    private int ListConnections => new NpgsqlConnectionStringBuilder(ListSource.ConnectionString).MaxPoolSize;

    [Theory]
    [InlineData("/leads", "enrichments")]
    [InlineData("/raw", "leads_raw")]
    [InlineData("/crm/leads", "leads")]
    [InlineData("/crm/leads.csv", "leads")]
    [InlineData("/audit", "audit_log")]
    [InlineData("/routing/leads", "routed_leads")]
    public async Task A_flood_of_lists_that_wait_for_the_database_holds_no_other_organizations_pushes_up(string path, string table)
    {
        using var flooder = await NewClientAsync("flooder");
        using var other = await NewClientAsync("other");
        using (await flooder.GetAsync(new Uri(path, UriKind.Relative)))
        {
            // What its grain has to look up first is known from here on.
        }

        await using var connection = await shared.Database.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
#pragma warning disable CA2100 // The test's own.
        await using var hold = new NpgsqlCommand($"lock table {table} in access exclusive mode", connection);
#pragma warning restore CA2100
        await hold.ExecuteNonQueryAsync();
        var lists = Enumerable.Range(0, Flood).Select(_ => flooder.GetAsync(new Uri(path, UriKind.Relative))).ToArray();
        await shared.Database.LockWaitAsync(ListConnections);

        await PushAndPullAsync(other).WaitAsync(s_atOnce);
        await transaction.RollbackAsync();
        foreach (var list in lists)
        {
            (await list).Dispose();
        }
    }

    [Theory]
    [InlineData("/leads")]
    [InlineData("/raw")]
    [InlineData("/crm/leads")]
    [InlineData("/crm/leads.csv")]
    [InlineData("/audit")]
    [InlineData("/routing/leads")]
    [InlineData("/namespaces")]
    [InlineData("/namespaces/active")]
    [InlineData("/namespaces/active/dead")]
    [InlineData("/campaigns")]
    [InlineData("/suppressions")]
    [InlineData("/jobs")]
    [InlineData("/organization/keys")]
    [InlineData("/organization/secrets")]
    public async Task A_list_waits_for_the_connections_of_lists_and_a_push_does_not(string path)
    {
        using var client = await NewClientAsync("client");
        var held = new Stack<NpgsqlConnection>();
        Task<HttpResponseMessage> list;
        try
        {
            for (var left = ListConnections; left > 0; left--)
            {
                held.Push(await ListSource.OpenConnectionAsync());
            }

            list = client.GetAsync(new Uri(path, UriKind.Relative));
            await PushAndPullAsync(client).WaitAsync(s_atOnce);
            Assert.False(list.IsCompleted);
        }
        finally
        {
            while (held.TryPop(out var connection))
            {
                await connection.DisposeAsync();
            }
        }

        using var answer = await list;
        answer.EnsureSuccessStatusCode();
    }

    private async Task<HttpClient> NewClientAsync(string name)
    {
        var client = shared.Grid.NewClient("app", $"{name}-{_run}");
        await client.PushAsync("active", "a@list.example");
        return client;
    }

    // What a new namespace and a new origin need is not known yet.
    private static async Task PushAndPullAsync(HttpClient client)
    {
        await client.PushAsync("new", "a@list.example");
        await client.PostAsync("/buffer/push", new { @namespace = "active", brandId = "new", leads = new[] { new { email = "b@list.example" } } });
        Assert.Equal("a@list.example", await client.NextAsync("new"));
        Assert.Equal("a@list.example", await client.NextAsync("active"));
    }
}
