using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.Grains.Campaigns;

namespace LeadGrain.Tests.Campaigns;

/// <summary>What every kind of target must do, whatever is behind it. Each kind brings its other side.</summary>
public abstract class TargetConformance
{
    /// <summary>A target with its other side.</summary>
    internal interface ITargetBench : IAsyncDisposable
    {
        ICampaignTarget Target { get; }

        PushOrder Order { get; }

        /// <summary>How often the other side took each lead, by email.</summary>
        Task<IReadOnlyDictionary<string, int>> TakenAsync();

        /// <summary>How many leads came to the other side again, after it had taken them.</summary>
        int Repeats { get; }

        /// <summary>The next request is lost: nothing is taken, or all and the answer does not come.</summary>
        Task FailNextAsync(bool afterTaking);
    }

    private protected abstract Task<ITargetBench> StartAsync();

    [Fact]
    public async Task It_takes_each_lead_once_and_answers_for_each_in_order()
    {
        await using var bench = await StartAsync();
        var leads = Leads(5);

        var results = await PushAsync(bench, leads);

        Assert.All(results, result => Assert.IsType<PushResult.Accepted>(result));
        Assert.Equal(leads.Length, results.Length);
        await MustHaveOnceAsync(bench, leads);
        Assert.Equal(0, bench.Repeats);
    }

    [Fact]
    public async Task A_lead_that_is_pushed_again_is_there_already_and_not_twice()
    {
        await using var bench = await StartAsync();
        var leads = Leads(3);
        await PushAsync(bench, leads);

        var again = await PushAsync(bench, [.. leads, .. Leads(1, from: 3)]);

        Assert.All(again, result => Assert.True(result is PushResult.Accepted or PushResult.AlreadyThere, $"{result}"));
        await MustHaveOnceAsync(bench, [.. leads, .. Leads(1, from: 3)]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_request_that_is_lost_leaves_leads_to_be_pushed_again_and_none_is_doubled_by_that(bool afterTaking)
    {
        await using var bench = await StartAsync();
        var leads = Leads(2);
        await bench.FailNextAsync(afterTaking);

        var lost = await PushAsync(bench, leads);
        var repeated = await PushAsync(bench, leads);

        Assert.Contains(lost, result => result is PushResult.RetryAt { Counts: true });
        Assert.DoesNotContain(lost, result => result is PushResult.Refused or PushResult.Stop);
        Assert.All(repeated, result => Assert.True(result is PushResult.Accepted or PushResult.AlreadyThere, $"{result}"));
        await MustHaveOnceAsync(bench, leads);
    }

    [Fact]
    public async Task A_batch_is_never_larger_than_it_says()
    {
        await using var bench = await StartAsync();
        var limit = bench.Target.BatchLimit(bench.Order);
        var leads = Leads(limit + 1);

        var results = await PushAsync(bench, leads);

        Assert.InRange(limit, 1, 1_000);
        Assert.All(results, result => Assert.IsType<PushResult.Accepted>(result));
        await MustHaveOnceAsync(bench, leads);
        Assert.Equal(0, bench.Repeats);
    }

    [Fact]
    public async Task No_reason_names_a_lead_or_a_secret()
    {
        await using var bench = await StartAsync();
        await bench.FailNextAsync(afterTaking: false);

        MustNameNothing(await PushAsync(bench, Leads(2)));
    }

    internal static OutboundLead[] Leads(int count, int from = 0) =>
        [.. Enumerable.Range(from, count).Select(i => Lead($"lead{i}@conformance.example", i))];

    internal static OutboundLead Lead(string email, int number = 0) => new(
        new Guid(number, 7, 7, 1, 2, 3, 4, 5, 6, 7, 8),
        email,
        System.Text.Encoding.UTF8.GetBytes($$"""{"email":"{{email}}","first_name":"Ada","last_name":"Adler","company":"Acme","team_size":7}"""),
        CreatedAt: new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    internal static Task<PushResult[]> PushAsync(ITargetBench bench, OutboundLead[] leads)
        => bench.Target.PushAsync(bench.Order, leads, CancellationToken.None);

    internal static void MustNameNothing(PushResult[] results)
    {
        Assert.All(results, result => Assert.DoesNotContain("@", $"{result}", StringComparison.Ordinal));
        Assert.All(results, result => Assert.DoesNotContain("sandbox-smartlead-key", $"{result}", StringComparison.Ordinal));
    }

    private static async Task MustHaveOnceAsync(ITargetBench bench, OutboundLead[] leads)
        => Assert.Equal(
            leads.Select(lead => (lead.Email, 1)).Order(),
            (await bench.TakenAsync()).Select(taken => (taken.Key, taken.Value)).Order());
}
