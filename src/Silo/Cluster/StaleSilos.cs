using Npgsql;

namespace LeadGrain.Silo;

/// <summary>
/// Declares silos dead whose heartbeat is long past, before this one joins and until it has. A joining silo must reach all
/// active ones, so without this the leavings of a cluster that was killed as a whole would hold it up for minutes.
/// </summary>
internal sealed partial class StaleSilos(
    ClusterSettings cluster, NpgsqlDataSource database, IHostApplicationLifetime host, TimeProvider time, ILogger<StaleSilos> log)
    : IHostedService, IDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _end = new();
    private Task _looking = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await BuryAsync(cancellationToken);
        _looking = LookUntilJoinedAsync();
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _end.CancelAsync();
        await _looking;
    }

    public void Dispose() => _end.Dispose();

    /// <summary>Buries once.</summary>
    /// <returns>How many silos.</returns>
    internal async Task<int> BuryAsync(CancellationToken cancellationToken)
    {
        // The version first, as all changes of the membership do: it is what they queue at. A silo that is buried alive
        // finds itself dead and exits, as it would after any such verdict.
        const string Sql = """
            with turn as (
                update orleans_membership_versions v
                set version = v.version + 1, changed_at = now()
                where v.cluster_id = $1 and exists (
                    select from orleans_members m
                    where m.cluster_id = $1 and m.status between 1 and 5 and m.heard_at < now() - $2
                )
                returning v.cluster_id
            )
            update orleans_members m
            set status = 6
            from turn
            where m.cluster_id = turn.cluster_id and m.status between 1 and 5 and m.heard_at < now() - $2
            """;
        await using var command = database.CreateCommand(Sql);
        command.Parameters.AddWithValue(cluster.ClusterId);
        command.Parameters.AddWithValue(ClusterSettings.Heartbeat * ClusterSettings.MissedHeartbeats);
        var count = await command.ExecuteNonQueryAsync(cancellationToken);
        if (count > 0)
        {
            LogBuried(count);
        }

        return count;
    }

    private async Task LookUntilJoinedAsync()
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_end.Token, host.ApplicationStarted);
        while (!either.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(s_pause, time, either.Token);
                await BuryAsync(either.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (NpgsqlException away)
            {
                LogAway(away.Message);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Count} silos without a heartbeat were declared dead")]
    private partial void LogBuried(int count);

    [LoggerMessage(LogLevel.Warning, "The membership could not be read: {Reason}")]
    private partial void LogAway(string reason);
}
