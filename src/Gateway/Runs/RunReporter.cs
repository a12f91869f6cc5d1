using LeadGrain.Gateway.Outbound;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Runs;

internal sealed partial class RunReporter : IRunReporter, IHostedService, IDisposable
{
    private readonly HttpClient _http;
    private readonly RunsClient _client;
    private readonly OutboundQueue<RunReport> _queue;
    private readonly RunsMetrics _metrics;
    private readonly ILogger<RunReporter> _log;
    private int _failing;

    public RunReporter(IOptions<RunsOptions> options, RunsMetrics metrics, TimeProvider time, ILogger<RunReporter> log)
    {
        var runs = options.Value;
        (_metrics, _log) = (metrics, log);
        _http = OutboundHttp.Client(runs.Timeout);
        _client = new RunsClient(_http, runs, time, Random.Shared);
        _queue = new(runs.QueueCapacity, runs.Concurrency, runs.Drain, Send, count => metrics.Dropped.Add(count), time, log);
    }

    public void Report(RunReport report) => _queue.Offer(report);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _queue.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => _queue.StopAsync(cancellationToken);

    public void Dispose()
    {
        _queue.Dispose();
        _http.Dispose();
    }

    private async Task Send(RunReport report, CancellationToken cancellationToken)
    {
        var failure = await _client.Send(report, cancellationToken);
        if (failure is null)
        {
            _metrics.Reported.Add(1);
            if (Interlocked.Exchange(ref _failing, 0) == 1)
            {
                LogRecovered();
            }

            return;
        }
        _metrics.Failed.Add(1);
        // One line per outage; the counter says how much was lost.
        if (Interlocked.Exchange(ref _failing, 1) == 0)
        {
            LogFailing(failure);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The runs service takes no reports: {Failure}")]
    private partial void LogFailing(string failure);

    [LoggerMessage(Level = LogLevel.Information, Message = "The runs service takes reports again")]
    private partial void LogRecovered();
}
