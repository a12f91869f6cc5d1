using System.Net;
using System.Text;
using LeadGrain.Tests.Gateway;
using LeadGrain.Tests.Postgres;

namespace LeadGrain.Tests.Embedded;

public sealed class AwayStateTests
{
    [Fact]
    public async Task A_grain_whose_stored_state_cannot_be_read_is_503_until_it_can()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var grid = await TestGrid.StartAsync(database);
        await grid.Client.ReadAsync("/campaigns"); // what is asked of every organization is known from here on

        // The owner's lock is held on, so that this process has no other reason to refuse.
        await using (await AwayDatabase.BeginAsync(database.ConnectionString, "leadgrain-store"))
        {
            (await PauseAsync(grid)).MustBeProblem(503, "storage_unavailable");
        }

        Assert.Equal(HttpStatusCode.NotFound, (await PauseAsync(grid)).Status);
    }

    // A campaign's breaker is what the host keeps for it.
    private static async Task<Answer> PauseAsync(TestGrid grid)
    {
        using var body = new StringContent("{}", Encoding.UTF8, "application/json");
        return await Answer.OfAsync(await grid.Client.PostAsync(new Uri("/campaigns/555/pause", UriKind.Relative), body));
    }
}
