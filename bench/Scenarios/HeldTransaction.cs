using System.Data;
using LeadGrain.Bench.Report;
using Npgsql;

namespace LeadGrain.Bench.Scenarios;

/// <summary>
/// A transaction with a snapshot stays open for all the windows of the one case, so that no dead row can be cleaned up; half of the other
/// case's windows come before them and half after, on the same grid.
/// </summary>
internal sealed class HeldTransaction : IScenario
{
    public IReadOnlyList<string> Names => ["held"];

    public async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var grid = await run.MainGridAsync(cancellationToken);
        var group = new NamespaceGroup("held", "campaign-", BenchRun.ManyNamespaces);
        var (without, with) = (new Windows(), new Windows());
        await without.MeasureAsync(run, grid, group, "not counted", cancellationToken);
        without.Clear();
        var half = (run.Options.Rounds + 1) / 2;
        await MeasureAsync(without, half, "no transaction held");
        await using (await HoldAsync(run, grid, cancellationToken))
        {
            await MeasureAsync(with, run.Options.Rounds, "a transaction held open");
        }

        await MeasureAsync(without, half, "no transaction held");

        const string Beside = "none held";
        run.Report.Add(Figure.Of("next-held", "next with a transaction held open", "/s", with.Pulls).Beside(Beside, without.Pulls).AtLeastTimes(0.8));
        run.Report.Add(Figure.Of("push-held", "push with a transaction held open", "leads/s", with.Pushes).Beside(Beside, without.Pushes).AtLeastTimes(0.8));

        async Task MeasureAsync(Windows windows, int rounds, string name)
        {
            for (var round = 0; round < rounds; round++)
            {
                await windows.MeasureAsync(run, grid, group, name, cancellationToken);
            }
        }
    }

    private static async Task<NpgsqlConnection> HoldAsync(BenchRun run, Grid grid, CancellationToken cancellationToken)
    {
        var settings = new NpgsqlConnectionStringBuilder(run.Server.ConnectionString(grid.Database)) { Pooling = false };
        var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        await using var look = new NpgsqlCommand("select count(*) from pg_class", connection, transaction);
        await look.ExecuteScalarAsync(cancellationToken);
        return connection;
    }
}
