using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Sandbox.Apollo;

namespace LeadGrain.Tests.Enrichment;

public sealed class SingleFlightTests
{
    private const string Email = "ada@acme.example";

    [Fact]
    public async Task Fifty_callers_at_once_make_one_paid_call_and_one_of_them_paid()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var release = new TaskCompletionSource();
        rig.Apollo.BehaveAlways(new ApolloBehavior.WaitFor(release.Task, new ApolloBehavior.Answer()));
        var email = await rig.ActivateAsync(Email);

        var callers = Enumerable.Range(0, 50).Select(i => email.EnrichAsync(new Tenant("app", $"org-{i}"))).ToArray();
        await rig.Apollo.Book.ArrivedAsync(1);
        // A turn queued now runs after the fifty, so that all of them wait by then.
        await email.RunAsync(_ => Task.CompletedTask);
        Assert.DoesNotContain(callers, caller => caller.IsCompleted);
        release.SetResult();

        var outcomes = (await Task.WhenAll(callers)).Cast<EnrichOutcome.Known>().ToArray();
        Assert.Single(outcomes, outcome => !outcome.Cached);
        Assert.Single(outcomes.Select(outcome => outcome with { Cached = true }).Distinct());
        Assert.Single(rig.Apollo.Book.Calls);
        Assert.Equal(1, Assert.Single(await rig.LedgerAsync(Email)).Credits);
    }

    [Fact]
    public async Task Callers_during_a_call_share_its_failure_too()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var release = new TaskCompletionSource();
        rig.Apollo.BehaveAlways(new ApolloBehavior.WaitFor(release.Task, new ApolloBehavior.Broken(503)));
        var email = await rig.ActivateAsync(Email);

        var callers = Enumerable.Range(0, 10).Select(_ => email.EnrichAsync()).ToArray();
        await email.RunAsync(_ => Task.CompletedTask);
        release.SetResult();

        Assert.All(await Task.WhenAll(callers), outcome =>
            Assert.Equal(new EnrichOutcome.ProviderFailed(ProviderFailure.Unavailable, null), outcome));
        Assert.Single(rig.Apollo.Book.Calls);
    }

    [Fact]
    public async Task Ten_processes_at_once_make_one_paid_call()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var release = new TaskCompletionSource();
        rig.Apollo.BehaveAlways(new ApolloBehavior.WaitFor(release.Task, new ApolloBehavior.Answer()));
        var processes = new List<EmailTurns>();
        for (var i = 0; i < 10; i++)
        {
            processes.Add(await rig.ActivateAsync(Email, rig.NewProcess()));
        }

        var callers = processes.Select(process => process.EnrichAsync()).ToList();
        for (var refused = 0; refused < 9; refused++)
        {
            var first = await Task.WhenAny(callers);
            callers.Remove(first);
            Assert.Equal(new EnrichOutcome.InProgress(TimeSpan.FromSeconds(15)), await first);
        }

        release.SetResult();
        Assert.False(Assert.IsType<EnrichOutcome.Known>(await callers.Single()).Cached);
        Assert.Single(rig.Apollo.Book.Calls);
        foreach (var process in processes)
        {
            Assert.True(Assert.IsType<EnrichOutcome.Known>(await process.EnrichAsync()).Cached);
        }
    }

    [Fact]
    public async Task A_caller_that_gives_up_ends_its_own_wait_only()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var release = new TaskCompletionSource();
        rig.Apollo.BehaveAlways(new ApolloBehavior.WaitFor(release.Task, new ApolloBehavior.Answer()));
        var email = await rig.ActivateAsync(Email);
        using var patience = new CancellationTokenSource();

        var payer = email.EnrichAsync(cancellationToken: patience.Token);
        var sharer = email.EnrichAsync();
        await rig.Apollo.Book.ArrivedAsync(1);
        await email.RunAsync(_ => Task.CompletedTask);
        await patience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => payer);
        Assert.False(sharer.IsCompleted);
        release.SetResult();
        Assert.True(Assert.IsType<EnrichOutcome.Known>(await sharer).Cached);
        Assert.Equal("found", Assert.Single(await rig.LedgerAsync(Email)).Outcome);
    }

    [Fact]
    public async Task Nobody_pays_for_a_caller_that_has_already_left()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var email = await rig.ActivateAsync(Email);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => email.EnrichAsync(cancellationToken: new CancellationToken(canceled: true)));

        Assert.Empty(await rig.LedgerAsync(Email));
    }

    [Fact]
    public async Task A_paid_call_whose_only_caller_gave_up_is_kept()
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var release = new TaskCompletionSource();
        rig.Apollo.BehaveAlways(new ApolloBehavior.WaitFor(release.Task, new ApolloBehavior.Answer()));
        var email = await rig.ActivateAsync(Email);
        using var patience = new CancellationTokenSource();

        var payer = email.EnrichAsync(cancellationToken: patience.Token);
        await rig.Apollo.Book.ArrivedAsync(1);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => payer);
        release.SetResult();
        await email.RunAsync(enrichment => enrichment.DrainAsync(CancellationToken.None));

        Assert.Equal(1, await rig.EntriesAsync());
        Assert.True(Assert.IsType<EnrichOutcome.Known>(await email.EnrichAsync()).Cached);
        Assert.Single(rig.Apollo.Book.Calls);
    }
}
