using LeadGrain.GrainInterfaces.Leads;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Leads;
using LeadGrain.Silo;
using LeadGrain.Tests.Postgres;
using Npgsql;

namespace LeadGrain.Tests.Leads;

public sealed class AbandonedListTests
{
    private static readonly Tenant Caller = new("app", "org");
    private static readonly ServedLeadQuery Everything = new(null, null, null, null, null, null, null, null, 10);

    [Fact]
    public async Task A_list_that_its_caller_gave_up_spoils_no_later_one()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var source = NpgsqlDataSource.Create(
            GridDatabase.Tune(new NpgsqlConnectionStringBuilder(database.ConnectionString) { MaxPoolSize = 1 }));
        await using (var grid = await TestGrid.StartAsync(database))
        {
            await grid.Client.PushAsync("ns", "a@b.c");
            await grid.Client.DrainAsync("ns");
        }

        var store = new LeadStore(source, TimeProvider.System);
        await store.ListAsync(Caller, Everything, CancellationToken.None);

        // Held so, the second list, which is to be prepared, has been parsed and waits to be planned when it is given up.
        await using (var holder = await database.DataSource.OpenConnectionAsync())
        {
            await using var transaction = await holder.BeginTransactionAsync();
            await using var hold = new NpgsqlCommand("reindex index served_leads_by_organization", holder, transaction);
            await hold.ExecuteNonQueryAsync();
            using var gone = new CancellationTokenSource();
            var abandoned = store.ListAsync(Caller, Everything, gone.Token);
            await database.LockWaitAsync();
            await gone.CancelAsync();
            await transaction.RollbackAsync();
            await Record.ExceptionAsync(() => abandoned);
        }

        Assert.Single((await store.ListAsync(Caller, Everything, CancellationToken.None)).Leads);
    }
}
