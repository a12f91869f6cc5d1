using System.Collections.Concurrent;
using LeadGrain.Gateway;
using LeadGrain.Gateway.Access;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Access;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.Extensions.Options;

namespace LeadGrain.Tests.Gateway;

/// <summary>Anybody can make keys up; they must cost little, and nothing to those that are right.</summary>
public sealed class KeyLookupTests
{
    private const int LookupsAtOnce = 64;

    private readonly FakeTime _time = new();
    private readonly FakeGrid _grid = new();
    private readonly OrganizationKeys _keys;

    public KeyLookupTests()
    {
        var options = Options.Create(new GatewayOptions());
        _keys = new OrganizationKeys(new GrainCalls(_grid.Grains, [], options, _time), options, _time);
    }

    [Fact]
    public async Task Keys_share_grains_and_made_up_ones_wake_none_of_their_own()
    {
        var (id, key) = Make();
        Assert.NotNull(await _keys.OpenAsync(id, key));
        var asked = _grid.Keys.Woken.Single();
        for (var n = 0; n < 1_000; n++)
        {
            Assert.Null(await OpenMadeUpAsync());
        }

        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.NotNull(await _keys.OpenAsync(id, key));

        Assert.Equal(asked, _grid.Keys.Woken.Last());
        Assert.Equal(IOrganizationKeyGrain.Grains, _grid.Keys.Woken.Distinct().Count());
    }

    [Fact]
    public async Task A_flood_of_made_up_keys_does_not_lock_out_one_that_has_opened_something()
    {
        var (id, key) = Make();
        Assert.NotNull(await _keys.OpenAsync(id, key));
        _time.Advance(TimeSpan.FromSeconds(6));
        var flood = await FloodAsync();

        Assert.NotNull(await _keys.OpenAsync(id, key));

        Assert.Equal(2, _grid.Keys.Asked.Count(asked => asked == id));
        await EndAsync(flood);
    }

    [Fact]
    public async Task One_that_was_revoked_opens_nothing_and_is_looked_up_like_a_made_up_one_from_then_on()
    {
        var (id, key) = Make();
        Assert.NotNull(await _keys.OpenAsync(id, key));
        _grid.Keys.Grants.Clear();
        Assert.NotNull(await _keys.OpenAsync(id, key)); // remembered
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.Null(await _keys.OpenAsync(id, key));

        _time.Advance(TimeSpan.FromSeconds(6));
        var flood = await FloodAsync();

        await Assert.ThrowsAsync<OverloadedException>(async () => await _keys.OpenAsync(id, key));
        await EndAsync(flood);
    }

    [Fact]
    public async Task A_wrong_secret_for_a_right_id_opens_nothing_and_is_looked_up_like_a_made_up_one()
    {
        var (id, key) = Make();
        Assert.Null(await _keys.OpenAsync(id, key[..^1] + (key[^1] == '0' ? '1' : '0')));
        _time.Advance(TimeSpan.FromSeconds(6));
        var flood = await FloodAsync();

        await Assert.ThrowsAsync<OverloadedException>(async () => await _keys.OpenAsync(id, key));
        await EndAsync(flood);
    }

    [Fact]
    public async Task Made_up_keys_are_forgotten_all_at_once_and_those_that_opened_something_stay()
    {
        var (id, key) = Make();
        Assert.NotNull(await _keys.OpenAsync(id, key));
        for (var n = 0; n < 20_001; n++)
        {
            Assert.Null(await OpenMadeUpAsync());
        }

        Assert.NotNull(await _keys.OpenAsync(id, key));
        Assert.Equal(1, _grid.Keys.Asked.Count(asked => asked == id));

        _grid.Keys.Grants.Clear();
        _keys.Forget(id);
        Assert.Null(await _keys.OpenAsync(id, key));
    }

    private (string Id, string Key) Make()
    {
        var made = OrganizationKeyText.Make();
        _grid.Keys.Grants[made.Id] = new KeyGrant(new Tenant("app", "org"), SecurityOptions.Hash(made.Key), KeyScope.Use);
        return made;
    }

    private ValueTask<KeyGrant?> OpenMadeUpAsync()
    {
        var (id, key) = OrganizationKeyText.Make();
        return _keys.OpenAsync(id, key);
    }

    private async Task<Task<KeyGrant?>[]> FloodAsync()
    {
        _grid.Keys.Barrier = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var flood = Enumerable.Range(0, LookupsAtOnce).Select(_ => OpenMadeUpAsync().AsTask()).ToArray();
        await Assert.ThrowsAsync<OverloadedException>(async () => await OpenMadeUpAsync());
        return flood;
    }

    private async Task EndAsync(Task<KeyGrant?>[] flood)
    {
        _grid.Keys.Barrier!.SetResult();
        Assert.All(await Task.WhenAll(flood), Assert.Null);
    }
}

/// <summary>Organizations' keys in memory.</summary>
internal sealed class FakeKeys
{
    internal ConcurrentDictionary<string, KeyGrant> Grants { get; } = new();

    /// <summary>The keys of the grains that were called.</summary>
    internal ConcurrentQueue<string> Woken { get; } = new();

    /// <summary>The ids that were looked up.</summary>
    internal ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>Where lookups of what there is not wait, when set.</summary>
    internal TaskCompletionSource? Barrier { get; set; }

    internal IOrganizationKeyGrain At(string key) => new Grain(this, key);

    private sealed class Grain(FakeKeys keys, string key) : IOrganizationKeyGrain
    {
        public async Task<KeyGrant?> FindAsync(string id, CancellationToken cancellationToken)
        {
            keys.Woken.Enqueue(key);
            keys.Asked.Enqueue(id);
            if (keys.Grants.TryGetValue(id, out var grant))
            {
                return grant;
            }

            await (keys.Barrier?.Task ?? Task.CompletedTask);
            return null;
        }
    }
}
