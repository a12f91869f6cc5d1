using System.Data;
using LeadGrain.Bench.Report;
using Npgsql;

namespace LeadGrain.Bench.Scenarios;

/// <summary>
/// Two grids on two databases, in turn: in the one's, a transaction with a snapshot stays open all the while, so that no dead
/// row of it can be cleaned up.
/// </summary>
internal sealed class HeldTransaction : IScenario
{
    public IReadOnlyList<string> Names => ["held"];

    public async Task RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var free = await run.MainGridAsync(cancellationToken);
        await using var held = await run.StartGridAsync("held", cancellationToken);
        var settings = new NpgsqlConnectionStringBuilder(run.Server.ConnectionString(held.Database)) { Pooling = false };
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        await using var look = new NpgsqlCommand("select count(*) from pg_class", connection, transaction);
        await look.ExecuteScalarAsync(cancellationToken);

        var (without, with) = (new Windows(), new Windows());
        var (group, heldGroup) = (Group(), Group());
        await held.WarmUpAsync(heldGroup, cancellationToken);
        for (var round = 0; round < run.Options.Rounds; round++)
        {
            await without.MeasureAsync(run, free, group, "no transaction held", cancellationToken);
            await with.MeasureAsync(run, held, heldGroup, "a transaction held open", cancellationToken);
        }

        const string Beside = "none held";
        run.Report.Add(Figure.Of("next-held", "next with a transaction held open", "/s", with.Pulls).Beside(Beside, without.Pulls).AtLeastTimes(0.8));
        run.Report.Add(Figure.Of("push-held", "push with a transaction held open", "leads/s", with.Pushes).Beside(Beside, without.Pushes).AtLeastTimes(0.8));
    }

    private static NamespaceGroup Group() => new("held", "campaign-", BenchRun.ManyNamespaces);
}
