using Npgsql;

namespace LeadGrain.Silo;

/// <summary>
/// Of several hosts, the one to use: it can be written to, and none that answers was promoted later. So a former primary that
/// comes back as it was, writable still, is passed over.
/// </summary>
internal sealed partial class LatestPrimary(TimeProvider time, ILogger<LatestPrimary> log)
{
    // How often a process that knows of no timeline yet asks before it does without a host's answer: that host may be the one
    // that was promoted, and slow or about to start.
    private const int MostAsked = 4;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(250);

    // A host that takes longer to answer this is as good as away; the others wait for it.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    // The latest timeline seen: a database that was replaced stays so when its successor does not answer.
    private long _known;

    /// <summary>Asks one host.</summary>
    internal Func<NpgsqlConnectionStringBuilder, CancellationToken, Task<HostAnswer>> Ask { get; init; } = AskAsync;

    /// <summary>Asks all hosts of a connection string, and finds the one to use. A single host is not asked.</summary>
    /// <exception cref="NpgsqlException">None is there, or only such that were replaced.</exception>
    internal async Task<(string ConnectionString, long Timeline)> FindAsync(string connectionString, CancellationToken cancellationToken)
    {
        var hosts = DatabaseHosts.Split(new NpgsqlConnectionStringBuilder(connectionString));
        if (hosts is [var only])
        {
            return (only.ConnectionString, 0);
        }

        var answers = await AskAllAsync(hosts, cancellationToken);
        var found = Choose(answers, Interlocked.Read(ref _known));
        foreach (var replaced in answers.Where(answer => answer.IsWritable && answer != found))
        {
            LogReplaced($"{replaced.Host.Host}:{replaced.Host.Port}", replaced.Timeline);
        }

        if (found is null)
        {
            throw answers.All(answer => answer.Failure is not null) ? Worst(answers) : new NpgsqlException("No host can be written to that was promoted last.");
        }

        RaiseKnown(found.Timeline);
        return (found.Host.ConnectionString, found.Timeline);
    }

    private async Task<HostAnswer[]> AskAllAsync(IReadOnlyList<NpgsqlConnectionStringBuilder> hosts, CancellationToken cancellationToken)
    {
        for (var asked = 1; ; asked++)
        {
            var answers = await Task.WhenAll(hosts.Select(host => Ask(host, cancellationToken)));
            var isSure = Interlocked.Read(ref _known) > 0 || Array.TrueForAll(answers, answer => answer.Failure is null);
            if (isSure || asked == MostAsked || !Array.Exists(answers, answer => answer.IsWritable))
            {
                return answers;
            }

            await Task.Delay(s_pause, time, cancellationToken);
        }
    }

    /// <summary>The first of those that can be written to and are on the latest timeline; null where there is none.</summary>
    /// <param name="answers">In the order of preference.</param>
    /// <param name="known">A timeline that is known to exist.</param>
    internal static HostAnswer? Choose(IReadOnlyList<HostAnswer> answers, long known)
    {
        var latest = answers.Select(answer => answer.Timeline).Append(known).Max();
        return answers.FirstOrDefault(answer => answer.IsWritable && answer.Timeline == latest);
    }

    private static async Task<HostAnswer> AskAsync(NpgsqlConnectionStringBuilder host, CancellationToken cancellationToken)
    {
        var settings = new NpgsqlConnectionStringBuilder(host.ConnectionString)
        {
            ApplicationName = "leadgrain-look",
            Timeout = (int)s_patience.TotalSeconds,
            CommandTimeout = (int)s_patience.TotalSeconds,
            Pooling = false,
        };
        try
        {
            await using var source = new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = settings.ApplicationName }.Build();

            // A standby tells the timeline of its last restart point: at most too low.
            await using var command = source.CreateCommand(
                """
                select not pg_is_in_recovery() and current_setting('default_transaction_read_only') = 'off',
                       case when pg_is_in_recovery() then (select timeline_id from pg_control_checkpoint())
                            else ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int end
                """);
            await using var row = await command.ExecuteReaderAsync(cancellationToken);
            await row.ReadAsync(cancellationToken);
            return new HostAnswer(host, row.GetBoolean(0), row.GetInt32(1), null);
        }
        catch (NpgsqlException failure)
        {
            return new HostAnswer(host, false, 0, failure);
        }
        catch (TimeoutException slow)
        {
            // Npgsql 10.0.0 wraps it everywhere but where it looks a name up.
            return new HostAnswer(host, false, 0, new NpgsqlException("Its name was not resolved in time.", slow));
        }
    }

    /// <summary>What is to be mended by hand, if any of it is; else what may pass.</summary>
    private static NpgsqlException Worst(IReadOnlyList<HostAnswer> answers)
        => answers.Select(answer => answer.Failure!).OrderBy(failure => failure.IsTransient || failure is not PostgresException).First();

    private void RaiseKnown(long timeline)
    {
        long known;
        while ((known = Interlocked.Read(ref _known)) < timeline)
        {
            Interlocked.CompareExchange(ref _known, timeline, known);
        }
    }

    [LoggerMessage(40, LogLevel.Warning, "{Host} can be written to on timeline {Timeline}, and was replaced by another host: it is not used. Stop it")]
    private partial void LogReplaced(string host, long timeline);
}

/// <summary>What one of several hosts says of itself.</summary>
/// <param name="Host">How to connect to it alone.</param>
/// <param name="IsWritable">Whether it is a primary.</param>
/// <param name="Timeline">Which PostgreSQL raises at each promotion; 0 where it does not answer.</param>
/// <param name="Failure">Why it does not answer.</param>
internal sealed record HostAnswer(NpgsqlConnectionStringBuilder Host, bool IsWritable, long Timeline, NpgsqlException? Failure);
