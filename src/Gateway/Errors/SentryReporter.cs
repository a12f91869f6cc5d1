using System.Net.Http.Headers;
using LeadGrain.Gateway.Outbound;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Errors;

internal sealed record SentryReport(Exception Exception, string RequestId, string? Route, DateTimeOffset At);

internal sealed partial class SentryReporter : IErrorReporter, IHostedService, IDisposable
{
    private readonly SentryOptions _options;
    private readonly SentryDsn _dsn;
    private readonly HttpClient _http;
    private readonly OutboundQueue<SentryReport> _queue;
    private readonly ErrorsMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger<SentryReporter> _log;
    private DateTimeOffset _pausedUntil = DateTimeOffset.MinValue;
    private bool _failing;

    public SentryReporter(IOptions<SentryOptions> options, ErrorsMetrics metrics, TimeProvider time, ILogger<SentryReporter> log)
    {
        (_options, _metrics, _time, _log) = (options.Value, metrics, time, log);
        _dsn = SentryDsn.Parse(_options.Dsn!)!;
        _http = OutboundHttp.Client(_options.Timeout);
        _queue = new(_options.QueueCapacity, workers: 1, _options.Drain, Send, count => metrics.Dropped.Add(count), time, log);
    }

    public void Report(Exception fault, string requestId, string? route) =>
        _queue.Offer(new SentryReport(fault, requestId, route, _time.GetUtcNow()));

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

    private async Task Send(SentryReport report, CancellationToken cancellationToken)
    {
        if (_time.GetUtcNow() < _pausedUntil)
        {
            _metrics.Dropped.Add(1);
            return;
        }
        var envelope = SentryEvent.Of(report, _options.Release, _options.Environment).Envelope(_time.GetUtcNow());
        if (await Post(envelope, cancellationToken) is { } failure)
        {
            _metrics.Failed.Add(1);
            if (!_failing)
            {
                LogFailing(failure);
            }

            _failing = true;
            return;
        }
        _metrics.Reported.Add(1);
        _failing = false;
    }

    private async Task<string?> Post(byte[] envelope, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _dsn.Envelope) { Content = new ByteArrayContent(envelope) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-sentry-envelope");
        request.Headers.TryAddWithoutValidation(
            "X-Sentry-Auth", $"Sentry sentry_version=7, sentry_client=leadgrain/1.0, sentry_key={_dsn.PublicKey}");
        try
        {
            using var response = await _http.SendAsync(request, cancellationToken);
            if (SentryRateLimit.Pause(response.StatusCode, response.Headers, _time.GetUtcNow()) is { } pause)
            {
                _pausedUntil = _time.GetUtcNow() + pause;
            }

            return response.IsSuccessStatusCode ? null : $"status {(int)response.StatusCode}";
        }
        catch (HttpRequestException)
        {
            return "no connection";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return "no answer in time";
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The error tracker takes no errors: {Failure}")]
    private partial void LogFailing(string failure);
}
