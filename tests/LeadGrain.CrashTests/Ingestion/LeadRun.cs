namespace LeadGrain.CrashTests.Ingestion;

/// <summary>A few web forms that post leads beside the clients of a namespace, and their account at the end.</summary>
internal sealed class LeadRun : IAsyncDisposable
{
    private const int Forms = 2;
    private const int Some = 20;

    // As long as a post takes, so that those beside them get on.
    private static readonly TimeSpan s_thought = TimeSpan.FromMilliseconds(10);

    private readonly LeadLedger _ledger;
    private readonly Load _load;

    private LeadRun(Uri url)
    {
        _ledger = new LeadLedger(url);
        _load = Load.Start(Forms, async () =>
        {
            await _ledger.PostAsync();
            await Task.Delay(s_thought);
        });
    }

    /// <summary>Lets the forms loose on a host, and returns when it has taken some leads.</summary>
    internal static async Task<LeadRun> StartAsync(Uri url)
    {
        var run = new LeadRun(url);
        await run.BusyAsync();
        return run;
    }

    /// <summary>Waits until some more leads are taken.</summary>
    internal Task BusyAsync()
    {
        var until = _ledger.Told + Some;
        return Eventually.Async("leads are taken", () =>
        {
            _load.ThrowIfFailed();
            return _ledger.Told >= until;
        });
    }

    /// <summary>Waits until leads are taken again, stops the forms and closes the account.</summary>
    /// <param name="mustRefuse">Whether some must have been told that they are not taken.</param>
    internal async Task<string> AssertWholeAsync(bool mustRefuse = false)
    {
        await BusyAsync();
        await _load.StopAsync();
        Assert.True(_ledger.Refused > 0 || !mustRefuse, "None was refused.");
        return await _ledger.AssertWholeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _ledger.Dispose();
        try
        {
            await _load.DisposeAsync();
        }
        catch (Exception given) when (given is OperationCanceledException or ObjectDisposedException)
        {
            // Forms that still post when a test has failed.
        }
    }
}
