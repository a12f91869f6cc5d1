using LeadGrain.Grains.Routing;

namespace LeadGrain.Tests.Routing;

/// <summary>From which lead on the holding pool is gone through: no lead is looked at again and again, and none is forgotten.</summary>
public sealed class PoolOpeningsTests
{
    private static readonly HoldingPool.Opening s_one = Opening(1);
    private static readonly HoldingPool.Opening s_two = Opening(2);

    private readonly HoldingPool _pool = new();

    [Fact]
    public void What_opens_is_tried_on_all_leads_and_what_stays_open_on_none_again()
    {
        Assert.Equal(Guid.Empty, _pool.From([s_one]));
        GoThrough(s_one);

        Assert.Null(_pool.From([s_one]));
        Assert.Equal(Guid.Empty, _pool.From([s_one, s_two]));
        GoThrough(s_one, s_two);
        Assert.Null(_pool.From([s_two]));
        Assert.Equal(Guid.Empty, _pool.From([s_one, s_two])); // closed meanwhile, and opens anew
    }

    [Fact]
    public void A_lead_that_came_beside_what_opened_is_tried_and_so_are_those_behind_it()
    {
        GoThrough(s_one);
        Guid[] ids = [.. Enumerable.Range(0, 3).Select(_ => Guid.CreateVersion7()).Order()];
        var joining = _pool.Join(ids[1]);
        Assert.False(_pool.IsQuiet);
        Assert.Null(_pool.From([s_one])); // it is not there yet

        joining.Dispose();
        _pool.Join(ids[2]).Dispose();
        Assert.Equal(ids[1], _pool.From([s_one]));
        _pool.Join(ids[0]).Dispose();
        Assert.Equal(ids[0], _pool.From([s_one]));
        Assert.False(_pool.IsQuiet);

        GoThrough(s_one);
        Assert.Null(_pool.From([s_one]));
        Assert.True(_pool.IsQuiet);
    }

    [Fact]
    public void After_a_failure_the_leads_that_were_to_be_tried_are_tried_again()
    {
        GoThrough(s_one);
        Guid[] ids = [.. Enumerable.Range(0, 2).Select(_ => Guid.CreateVersion7()).Order()];
        _pool.Join(ids[0]).Dispose();
        var from = _pool.From([s_one])!.Value;

        _pool.Begin();
        _pool.Join(ids[1]).Dispose();
        _pool.Fail(from);

        Assert.Equal(ids[0], _pool.From([s_one]));
    }

    private void GoThrough(params HoldingPool.Opening[] open)
    {
        _pool.Begin();
        _pool.Finish(open);
    }

    private static HoldingPool.Opening Opening(byte rule) => new(new Guid([.. new byte[15], rule]), default, default, null, null);
}
