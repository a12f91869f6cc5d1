using FsCheck;
using FsCheck.Fluent;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.Grains.Campaigns;

namespace LeadGrain.Tests.Campaigns;

public sealed class SlidingWindowTests
{
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Requests take as long as they like, the service counts each at any moment between its start and its end, now and
    /// then nobody says that one has ended, and now and then another takes the window up from what was stored.
    /// </summary>
    [Fact]
    public void Whenever_the_service_counts_requests_no_window_of_its_holds_more_than_the_limit() =>
        Prop.ForAll<int, PositiveInt>((seed, size) =>
        {
            var random = new Random(seed);
            var limit = 1 + (size.Get % 10);
            var arrivals = Simulate(random, limit);
            return arrivals.Count > limit * 4 && Busiest(arrivals) <= limit;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Requests_pass_as_fast_as_the_limit_allows_where_answers_come_at_once()
    {
        var window = new SlidingWindow();
        var now = TimeSpan.Zero;
        for (var i = 0; i < 100; i++)
        {
            var request = Guid.NewGuid();
            while (window.Take(request, now, "c", [new RateLimit(10, s_window)], s_longest) is { } wait)
            {
                now += wait;
            }

            window.End(request, now);
        }

        Assert.Equal(TimeSpan.FromSeconds(18), now);
    }

    [Fact]
    public void Where_those_who_share_a_key_name_several_limits_all_of_them_hold_also_elsewhere()
    {
        var (window, starts) = (new SlidingWindow(), new List<TimeSpan>());
        RateLimit[] limits = [new(10, s_window), new(15, TimeSpan.FromSeconds(60))];
        Assert.Null(window.Take(Guid.NewGuid(), TimeSpan.Zero, "1", [limits[1]], TimeSpan.Zero)); // one that never ends, as far as is known
        for (var now = TimeSpan.Zero; now < TimeSpan.FromSeconds(130); now += TimeSpan.FromMilliseconds(100))
        {
            var request = Guid.NewGuid();
            if (window.Take(request, now, $"{starts.Count % 2}", [limits[starts.Count % 2]], s_longest) is null)
            {
                starts.Add(now);
                window.End(request, now);
            }

            if (starts.Count == 12)
            {
                var (ends, blocked, named) = window.Left(now);
                window = new SlidingWindow();
                window.Resume(now, ends, blocked, named);
            }
        }

        Assert.All(limits, limit => Assert.All(starts, start => Assert.InRange(starts.Count(s => s >= start && s - start < limit.Window), 1, limit.Requests)));
        Assert.InRange(starts.Count, 30, 45);
    }

    [Fact]
    public void A_limit_that_a_campaign_corrects_holds_no_more_and_anothers_goes_on()
    {
        var window = new SlidingWindow();
        RateLimit slip = new(1, TimeSpan.FromHours(1)), right = new(10, s_window), others = new(3, TimeSpan.FromMinutes(1));
        Assert.Null(Take(0, "a", slip));
        Assert.InRange(Take(5, "b", others)!.Value.TotalMinutes, 50, 60); // a's limit holds for b as well
        Assert.NotNull(Take(6, "a", slip));

        Assert.Null(Take(7, "a", right));
        Assert.Null(Take(8, "b", others));
        var (ends, blocked, named) = window.Left(TimeSpan.FromSeconds(9));
        window = new SlidingWindow();
        window.Resume(TimeSpan.FromSeconds(9), ends, blocked, named);
        Assert.InRange(Take(9, "a", right)!.Value.TotalSeconds, 45, 60); // b's, which nobody has corrected

        TimeSpan? Take(int second, string campaign, RateLimit limit)
        {
            var (request, now) = (Guid.NewGuid(), TimeSpan.FromSeconds(second));
            var wait = window.Take(request, now, campaign, [limit], s_longest);
            window.End(request, now);
            return wait;
        }
    }

    [Fact]
    public void A_limit_of_one_organizations_counts_and_holds_up_its_own_requests_only_also_elsewhere()
    {
        var (window, second) = (new SlidingWindow(), 0);
        RateLimit[] shared = [new(5, TimeSpan.FromMinutes(1))], own = [.. shared, new(1, TimeSpan.FromMinutes(1), "a")];

        Assert.Equal([true, true, false, true], [Takes("b", shared), Takes("a", own), Takes("a", own), Takes("b", shared)]);
        var (ends, blocked, named) = window.Left(TimeSpan.FromSeconds(second));
        window = new SlidingWindow();
        window.Resume(TimeSpan.FromSeconds(second), ends, blocked, named);
        Assert.Equal([false, true, true, false, false], [Takes("a", own), Takes("b", shared), Takes("b", shared), Takes("b", shared), Takes("a", own)]);

        bool Takes(string campaign, RateLimit[] limits)
        {
            var (request, now) = (Guid.NewGuid(), TimeSpan.FromSeconds(++second));
            var wait = window.Take(request, now, campaign, limits, s_longest);
            window.End(request, now);
            return wait is null;
        }
    }

    [Fact]
    public void Nothing_starts_while_the_service_wants_not_to_be_asked()
    {
        var window = new SlidingWindow();
        window.Block(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
        window.Block(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5)); // a shorter wait does not lift a longer one

        Assert.Equal(TimeSpan.FromSeconds(21), window.Take(Guid.NewGuid(), TimeSpan.FromSeconds(10), "c", [new RateLimit(10, s_window)], s_longest));
        Assert.Null(window.Take(Guid.NewGuid(), TimeSpan.FromSeconds(31), "c", [new RateLimit(10, s_window)], s_longest));
    }

    private static List<TimeSpan> Simulate(Random random, int limit)
    {
        var (window, now) = (new SlidingWindow(), TimeSpan.Zero);
        var underWay = new List<(Guid Request, TimeSpan End)>();
        var arrivals = new List<TimeSpan>();
        while (arrivals.Count < 200)
        {
            var request = Guid.NewGuid();
            if (window.Take(request, now, "c", [new RateLimit(limit, s_window)], s_longest) is null)
            {
                var took = s_longest * Math.Pow(random.NextDouble(), 6); // most are quick
                arrivals.Add(now + (took * random.NextDouble()));
                if (random.Next(20) > 0)
                {
                    underWay.Add((request, now + took));
                }
            }

            now += TimeSpan.FromMilliseconds(random.Next(200));
            foreach (var ended in underWay.Where(u => u.End <= now).ToList())
            {
                window.End(ended.Request, now);
                underWay.Remove(ended);
            }

            if (random.Next(100) == 0)
            {
                var (ends, blocked, limits) = window.Left(now);
                window = new SlidingWindow();
                window.Resume(now, ends, blocked, limits);
            }
        }

        return arrivals;
    }

    private static int Busiest(List<TimeSpan> arrivals)
    {
        arrivals.Sort();
        return arrivals.Select((start, i) => arrivals.Skip(i).TakeWhile(other => other - start < s_window).Count()).Max();
    }
}
