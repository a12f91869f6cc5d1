using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace LeadGrain.Silo;

/// <summary>
/// Declares active silos dead whose heartbeat is long past, or a little past while their port refuses connections, before this one
/// joins and until it has. A joining silo must reach all active ones, so without this the leavings of a cluster that was killed
/// as a whole would hold it up for minutes. It need not reach the others, and they have no heartbeat: one that joins has none yet,
/// and one that stops has none any more while it answers what it has begun.
/// </summary>
internal sealed partial class StaleSilos(
    ClusterSettings cluster, ILocalSiloDetails self, NpgsqlDataSource database, IHostApplicationLifetime host, TimeProvider time,
    ILogger<StaleSilos> log)
    : IHostedService, IDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(200);

    // Its process is gone, or its machine's kernel would not refuse; but a rule of a firewall can say the same.
    private static readonly TimeSpan s_silenceOfRefusers = ClusterSettings.Heartbeat * 2;

    private readonly CancellationTokenSource _end = new();
    private Task _looking = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // Who finds one that it cannot reach tries again only five seconds later: worth the moment until it can be buried.
        // One that lives and refuses this machine only is not waited for without end: joining fails, and says why.
        var since = time.GetTimestamp();
        while (await LookAsync(cancellationToken) > 0 && time.GetElapsedTime(since) < s_silenceOfRefusers * 2)
        {
            await Task.Delay(s_moment, time, cancellationToken);
        }

        _looking = LookUntilJoinedAsync();
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _end.CancelAsync();
        await _looking;
    }

    public void Dispose() => _end.Dispose();

    /// <summary>Looks once.</summary>
    /// <returns>How many silos refuse connections and are not silent for long enough to be buried.</returns>
    internal async Task<int> LookAsync(CancellationToken cancellationToken)
    {
        var (buried, left) = (0, 0);
        foreach (var silo in await ReadAsync(cancellationToken))
        {
            if (silo.Silence > ClusterSettings.Heartbeat * ClusterSettings.MissedHeartbeats)
            {
                buried += await BuryAsync(silo, cancellationToken);
            }
            else if (await RefusesAsync(silo, cancellationToken))
            {
                var isSilent = silo.Silence > s_silenceOfRefusers;
                buried += isSilent ? await BuryAsync(silo, cancellationToken) : 0;
                left += isSilent ? 0 : 1;
            }
        }

        if (buried > 0)
        {
            LogBuried(buried);
        }

        return left;
    }

    // 3 is active, 6 dead.
    private async Task<List<Member>> ReadAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            """
            select address, port, generation, heard_at, now() - heard_at
            from orleans_members
            where cluster_id = $1 and status = 3
            """);
        command.Parameters.AddWithValue(cluster.ClusterId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var members = new List<Member>();
        while (await reader.ReadAsync(cancellationToken))
        {
            members.Add(new Member(
                reader.GetString(0), reader.GetInt32(1), reader.GetInt32(2), reader.GetDateTime(3), reader.GetTimeSpan(4)));
        }

        return members;
    }

    private async Task<int> BuryAsync(Member silo, CancellationToken cancellationToken)
    {
        // The version first, as all changes of the membership do: it is what they queue at. One that has been heard from
        // since is left. A silo that is buried alive finds itself dead and exits, as it would after any such verdict.
        const string Sql = """
            with turn as (
                update orleans_membership_versions v
                set version = v.version + 1, changed_at = now()
                where v.cluster_id = $1 and exists (
                    select from orleans_members m
                    where m.cluster_id = $1 and m.address = $2 and m.port = $3 and m.generation = $4 and m.status = 3 and m.heard_at = $5
                )
                returning v.cluster_id
            )
            update orleans_members m
            set status = 6
            from turn
            where m.cluster_id = turn.cluster_id and m.address = $2 and m.port = $3 and m.generation = $4 and m.status = 3 and m.heard_at = $5
            """;
        await using var command = database.CreateCommand(Sql);
        command.Parameters.AddWithValue(cluster.ClusterId);
        command.Parameters.AddWithValue(silo.Address);
        command.Parameters.AddWithValue(silo.Port);
        command.Parameters.AddWithValue(silo.Generation);
        command.Parameters.AddWithValue(silo.HeardAt);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>An active silo listens. One that is silent in another way may be cut off from this machine only.</summary>
    private async Task<bool> RefusesAsync(Member silo, CancellationToken cancellationToken)
    {
        // Its predecessor on its own address and port this silo replaces without our help.
        if (!IPAddress.TryParse(silo.Address, out var address)
            || new IPEndPoint(address, silo.Port).Equals(self.SiloAddress.Endpoint))
        {
            return false;
        }

        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, silo.Port), cancellationToken).AsTask().WaitAsync(s_pause, time, cancellationToken);
            return false;
        }
        catch (SocketException refused)
        {
            return refused.SocketErrorCode == SocketError.ConnectionRefused;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async Task LookUntilJoinedAsync()
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_end.Token, host.ApplicationStarted);
        while (!either.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(s_pause, time, either.Token);
                await LookAsync(either.Token);
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

    private sealed record Member(string Address, int Port, int Generation, DateTime HeardAt, TimeSpan Silence);

    [LoggerMessage(LogLevel.Warning, "{Count} silos without a heartbeat were declared dead")]
    private partial void LogBuried(int count);

    [LoggerMessage(LogLevel.Warning, "The membership could not be read: {Reason}")]
    private partial void LogAway(string reason);
}
