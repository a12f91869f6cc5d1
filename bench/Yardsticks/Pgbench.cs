using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using LeadGrain.Bench.Load;
using LeadGrain.Bench.Target;

namespace LeadGrain.Bench.Yardsticks;

/// <summary>What PostgreSQL alone makes of the same work, by its own benchmark program with prepared statements.</summary>
internal sealed partial class Pgbench(DatabaseServer server)
{
    internal const int LeadsPerInsert = 100;

    internal const string Database = "yardstick";

    private const string Claim = "queue_claim.sql";

    // Calibrating takes no longer windows than this.
    private const double CalibrationSeconds = 3;

    // In the first moments it connects, and its sessions prepare what they run.
    private const double PreparationSeconds = 0.6;

    // A second, on any machine that this is likely to run on.
    private const double MostClaims = 60_000;

    private static readonly int[] s_clients = [4, 8, 16];

    private readonly Dictionary<string, int> _best = [];
    private int _run;

    /// <summary>Makes and fills its database.</summary>
    internal async Task PrepareAsync(CancellationToken cancellationToken)
    {
        await server.CreateDatabaseAsync(Database, cancellationToken);
        var setup = await File.ReadAllTextAsync(Script("queue_setup.sql"), cancellationToken);
        foreach (var statement in setup.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            await server.ExecuteAsync(Database, statement, cancellationToken);
        }
    }

    /// <summary>Classic queue claims a second: skip locked, mark, insert under a unique key.</summary>
    internal Task<double> ClaimsAsync(double seconds, CancellationToken cancellationToken)
        => BestAsync(Claim, seconds, cancellationToken, s => FillQueueAsync(MostClaims * s, cancellationToken));

    /// <summary>At so many classic queue claims a second, started by a schedule, 99 % were committed within so many milliseconds.</summary>
    internal async Task<double> ClaimsP99Async(double perSecond, double seconds, CancellationToken cancellationToken)
    {
        await FillQueueAsync(2 * perSecond * seconds, cancellationToken);
        var logs = Directory.CreateTempSubdirectory("pgbench");
        try
        {
            IReadOnlyList<string> scheduled = [$"--rate={Text(perSecond)}", "--log", $"--log-prefix={Path.Combine(logs.FullName, "log")}"];
            await RunAsync(Claim, s_clients[^1], seconds + PreparationSeconds, cancellationToken, scheduled);
            var claims = logs.EnumerateFiles().SelectMany(f => File.ReadLines(f.FullName)).Select(Logged).ToList();
            var from = claims.Min(c => c.End) + PreparationSeconds;
            double[] took = [.. claims.Where(c => c.End >= from).Select(c => c.Milliseconds).Order()];
            return took[took.Length * 99 / 100];
        }
        finally
        {
            logs.Delete(recursive: true);
        }

        // Client, number, microseconds since it was due, script, and when it ended: seconds, microseconds.
        static (double Milliseconds, double End) Logged(string line)
        {
            double[] fields = [.. line.Split(' ').Select(f => double.Parse(f, CultureInfo.InvariantCulture))];
            return (fields[2] / 1000, fields[4] + (fields[5] / 1_000_000));
        }
    }

    // Neither may an empty queue make claims fast nor the dead tuples of earlier runs make them slow.
    private async Task FillQueueAsync(double least, CancellationToken cancellationToken)
    {
        while (await server.CountAsync(Database, "select count(*) from queue where state = 0", cancellationToken) < least)
        {
            await server.ExecuteAsync(Database, await File.ReadAllTextAsync(Script("queue_fill.sql"), cancellationToken), cancellationToken);
        }

        await server.ExecuteAsync(Database, "vacuum analyze queue", cancellationToken);
    }

    /// <summary>Leads a second by <c>insert … select from unnest</c> of 100 rows.</summary>
    internal async Task<double> InsertsAsync(double seconds, CancellationToken cancellationToken)
        => LeadsPerInsert * await BestAsync("buffer_insert.sql", seconds, cancellationToken);

    /// <summary>Posts a second as two inserts, each a commit of its own: the raw row, then the lead.</summary>
    internal Task<double> PostsAsync(double seconds, CancellationToken cancellationToken)
        => BestAsync("lead_insert.sql", seconds, cancellationToken);

    /// <summary>Leads a second by inserts of 100 routed leads with their audit entries and pushes.</summary>
    internal async Task<double> RoutedAsync(double seconds, CancellationToken cancellationToken)
        => LeadsPerInsert * await BestAsync("routed_insert.sql", seconds, cancellationToken);

    /// <summary>With the number of clients that was best when first asked.</summary>
    /// <param name="script">What each client runs.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="fill">Makes ready what a run of so many seconds uses up.</param>
    private async Task<double> BestAsync(string script, double seconds, CancellationToken cancellationToken, Func<double, Task>? fill = null)
    {
        if (!_best.TryGetValue(script, out var clients))
        {
            var most = 0.0;
            foreach (var count in s_clients)
            {
                var found = await FilledAsync(count, Math.Min(seconds, CalibrationSeconds));
                (most, clients) = found > most ? (found, count) : (most, clients);
            }

            _best[script] = clients;
        }

        return await FilledAsync(clients, seconds);

        async Task<double> FilledAsync(int count, double runSeconds)
        {
            await (fill?.Invoke(Math.Ceiling(runSeconds)) ?? Task.CompletedTask);
            return await RunAsync(script, count, runSeconds, cancellationToken);
        }
    }

    private async Task<double> RunAsync(
        string script, int clients, double seconds, CancellationToken cancellationToken, IReadOnlyList<string>? more = null)
    {
        var start = new ProcessStartInfo(server.Pgbench, [.. more ?? [], .. Arguments(script, clients, seconds)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PGPASSWORD"] = server.Password;
        using var process = Process.Start(start)!;
        try
        {
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return Rate().Match(output) is { Success: true } rate
                ? double.Parse(rate.Groups[1].Value, CultureInfo.InvariantCulture)
                : throw new BenchException($"pgbench failed: {await errors}");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    private List<string> Arguments(string script, int clients, double seconds)
    {
        var threads = Math.Min(clients, Environment.ProcessorCount);
        return
        [
            "--no-vacuum", "--protocol=prepared", $"--client={clients}", $"--jobs={threads}", $"--time={Text(Math.Ceiling(seconds))}",
            $"--host={server.Host}", $"--port={server.Port}", "--username=leadgrain", $"--file={Script(script)}",
            .. script == "buffer_insert.sql" ? Leads() : [],
            Database,
        ];
    }

    private IEnumerable<string> Leads()
    {
        string Array(Func<int, string> element) => "{" + string.Join(',', Enumerable.Range(0, LeadsPerInsert).Select(element)) + "}";
        string Digits(int i) => ((ulong)(i + 1) * 0x9E3779B97F4A7C15).ToString("x16", CultureInfo.InvariantCulture);
        var leads = SampleLead.Some(LeadsPerInsert, seed: 0);
        return
        [
            "-D", "first=0", "-D", $"run={++_run}",
            "-D", $"emails={Array(i => $"{Digits(i)}@{leads[i].Domain}")}",
            "-D", $"ids={Array(i => leads[i].ExternalId)}",
            "-D", $"datas={Array(i => $"\"{leads[i].Data.Replace("\"", "\\\"", StringComparison.Ordinal)}\"")}",
        ];
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Script(string name) => Path.Combine(AppContext.BaseDirectory, "Yardsticks", name);

    [GeneratedRegex(@"^tps = ([0-9.]+) \(without initial connection time\)", RegexOptions.Multiline)]
    private static partial Regex Rate();
}
