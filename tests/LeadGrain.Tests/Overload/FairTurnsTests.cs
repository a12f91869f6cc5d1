using LeadGrain.Gateway.Overload;

namespace LeadGrain.Tests.Overload;

public sealed class FairTurnsTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly FakeTime _time = new();
    private readonly FairTurns<string> _turns = new(1);

    [Fact]
    public async Task Parties_take_turns_however_many_of_one_wait()
    {
        Assert.True(await TakeAsync("first"));
        var served = new List<string>();
        var waiting = new[] { "a1", "a2", "a3", "b1", "c1", "b2" }.Select(name => ServeAsync(name, served)).ToArray();

        _turns.End();
        await Task.WhenAll(waiting);

        Assert.Equal(["a1", "b1", "c1", "a2", "b2", "a3"], served);
        Assert.True(TakeAsync("again").IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Who_waits_too_long_is_refused_and_passed_over()
    {
        Assert.True(await TakeAsync("holder"));
        var impatient = TakeAsync("a");
        _time.Advance(s_patience / 2);
        var patient = TakeAsync("b");
        _time.Advance(s_patience / 2);

        Assert.False(await impatient);
        _turns.End();
        Assert.True(await patient);
        _turns.End();
        Assert.True(TakeAsync("again").IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Who_goes_away_is_passed_over()
    {
        Assert.True(await TakeAsync("holder"));
        using var gone = new CancellationTokenSource();
        var leaver = TakeAsync("a", gone.Token);
        var stayer = TakeAsync("a");
        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaver);
        _turns.End();
        Assert.True(await stayer);
    }

    private Task<bool> TakeAsync(string party, CancellationToken cancellationToken = default)
        => _turns.TakeAsync(party, s_patience, _time, cancellationToken).AsTask();

    private async Task ServeAsync(string name, List<string> served)
    {
        Assert.True(await TakeAsync(name[..1]));
        served.Add(name);
        _turns.End();
    }
}
