using LeadGrain.Grains.Storage;
using LeadGrain.Tests.Ingestion;
using Microsoft.Extensions.Logging;

namespace LeadGrain.Tests.Storage;

public sealed class StoreDutyTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_pass_that_fails_is_told_of_unless_the_host_is_stopping(bool stopping)
    {
        var lines = new LogEntries();
        using var duty = new FailingDuty(lines, stopping);
        await duty.StartAsync(CancellationToken.None);
        await duty.InPass.Task.WaitAsync(Eventually.Patience);
        if (!stopping)
        {
            await Eventually.Async("it is told of", () => Task.FromResult(lines.All.Any(l => l.Level == LogLevel.Error)));
        }

        await duty.StopAsync(CancellationToken.None);
        Assert.True(stopping != lines.All.Any(l => l.Level >= LogLevel.Warning));
    }

    private sealed class FailingDuty(LogEntries lines, bool onlyWhenStopped) : StoreDuty(StoreTurn.Always, TimeProvider.System, lines)
    {
        public TaskCompletionSource InPass { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        protected override TimeSpan Pause => TimeSpan.FromMilliseconds(1);

        protected override async Task PassAsync(CancellationToken stoppingToken)
        {
            InPass.TrySetResult();
            if (onlyWhenStopped)
            {
                await Task.Delay(Timeout.Infinite, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            throw new ObjectDisposedException("the store");
        }
    }
}
