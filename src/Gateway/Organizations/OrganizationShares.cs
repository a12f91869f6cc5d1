using System.Collections.Concurrent;
using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Overload;
using LeadGrain.Gateway.Problems;
using LeadGrain.Gateway.Security;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Organizations;

/// <summary>
/// Keeps each organization within its limits, so that one's flood leaves room for the others. Each gateway counts for
/// itself. Limits are read from the organization's grain in the background, and never hold a request up.
/// </summary>
internal sealed partial class OrganizationShares : IDisposable
{
    // Beyond this many at once, newcomers share one share: 20,000 take some 5 MB.
    internal const int MaxShares = 20_000;

    // Places of an organization that only the routes to its limits may take: a flood must not keep its owner from them.
    private const int ReservedForLimits = 8;

    // Of all gateways' questions after limits, so that made-up organizations cannot make a flood of them.
    private const int RefreshesAtOnce = 8;

    internal static readonly TimeSpan RefreshPeriod = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan s_forgetAfter = TimeSpan.FromMinutes(1);

    private static readonly Terms s_usual = new(Reserve: 0, Metered: true, Sheds: false);
    private static readonly Terms s_limits = new(ReservedForLimits, Metered: false, Sheds: false);
    private static readonly Terms s_feedback = new(Reserve: 0, Metered: false, Sheds: true);

    private readonly ConcurrentDictionary<Tenant, OrganizationShare> _shares = new();
    private readonly GatewayOptions _options;
    private readonly GrainCalls _calls;
    private readonly HeldRefusals _refusals;
    private readonly OverloadMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly OrganizationShare _others;
    private readonly ITimer _sweep;
    private int _count;
    private int _refreshes;

    public OrganizationShares(
        IOptions<GatewayOptions> options,
        GrainCalls calls,
        HeldRefusals refusals,
        OverloadMetrics metrics,
        TimeProvider time,
        ILogger<OrganizationShares> log)
    {
        (_options, _calls, _refusals, _metrics, _time, _log) = (options.Value, calls, refusals, metrics, time, log);
        _others = new OrganizationShare(null, LimitsOf(OrganizationLimits.Default), time.GetTimestamp());
        _sweep = time.CreateTimer(_ => Sweep(), null, RefreshPeriod, RefreshPeriod);
    }

    internal int Count => Volatile.Read(ref _count);

    public void Dispose() => _sweep.Dispose();

    /// <summary>Puts a group's endpoints under their organization's limits.</summary>
    /// <param name="group">Endpoints behind the tenant gate.</param>
    /// <param name="areLimits">They are the routes to the limits themselves: no rate, and places in reserve.</param>
    internal void Guard(IEndpointConventionBuilder group, bool areLimits) => group.Add(endpoint =>
    {
        var inner = endpoint.RequestDelegate!;
        endpoint.RequestDelegate = areLimits
            ? context => Invoke(context, inner, s_limits)
            : context => Invoke(context, inner, s_usual);
        if (!areLimits)
        {
            endpoint.Metadata.Add(RateLimited.Instance);
        }
    });

    /// <summary>Serves a request that has found out by itself for whom it acts, within that organization's limits.</summary>
    /// <param name="context">The request.</param>
    /// <param name="tenant">For whom it acts.</param>
    /// <param name="serve">Serves it.</param>
    /// <param name="repeats429">
    /// False where its sender repeats after 5xx only, and what it tells must not be lost: it has no rate then, and gets 503 where too
    /// much is under way.
    /// </param>
    internal Task ServeAsync(HttpContext context, Tenant tenant, RequestDelegate serve, bool repeats429 = true)
    {
        context.Features.Set(tenant);
        return Invoke(context, serve, repeats429 ? s_usual : s_feedback);
    }

    /// <summary>What an organization with these settings gets from this gateway.</summary>
    internal EffectiveLimits LimitsOf(OrganizationLimits set) => EffectiveLimits.Of(set, _options, _time.TimestampFrequency);

    /// <summary>Takes over limits that were just set.</summary>
    internal void Apply(Tenant tenant, OrganizationLimits set)
    {
        if (_shares.TryGetValue(tenant, out var share))
        {
            share.Set(LimitsOf(set), _time.GetTimestamp());
        }
    }

    private Task Invoke(HttpContext context, RequestDelegate inner, Terms terms)
    {
        var now = _time.GetTimestamp();
        var share = Find(context.Tenant(), now);
        Entry entry;
        while ((entry = share.TryEnter(terms.Reserve, now)) == Entry.Retired)
        {
            Remove(share);
            share = Find(context.Tenant(), now);
        }

        if (entry == Entry.Full)
        {
            context.Features.Get<InFlightSlot>()!.Refuse();
            return _refusals.AnswerAsync(context, terms.Sheds ? Shed() : TooMany(context, share));
        }

        var slot = context.Features.Get<InFlightSlot>()!;
        if (!slot.TryJoin(share))
        {
            slot.Refuse();
            return _refusals.AnswerAsync(context, Problem.OverloadedByBodies());
        }

        if (share.TryStartRefresh(now, _time.TimestampFrequency * RefreshPeriod.Seconds))
        {
            StartRefresh(share, now);
        }

        if (terms.Metered && share.Limits.Quota is { } quota && !Pass(context, share.Take(quota, now), quota, out var refusal))
        {
            slot.Refuse();
            return _refusals.AnswerAsync(context, refusal);
        }

        return inner(context);
    }

    private Problem TooMany(HttpContext context, OrganizationShare share)
    {
        _metrics.Throttled(LimitNames.InFlight);
        RateLimitHeaders.SetUsedUp(context.Response.Headers, share.Limits.MaxInFlight);
        return Problem.TooManyInFlight();
    }

    private Problem Shed()
    {
        _metrics.Shed(LimitNames.InFlight);
        return Problem.Overloaded();
    }

    private bool Pass(HttpContext context, QuotaDecision decision, RequestQuota quota, out Problem refusal)
    {
        RateLimitHeaders.Set(context.Response.Headers, quota, decision);
        refusal = null!;
        if (!decision.Allowed)
        {
            _metrics.Throttled(LimitNames.Rate);
            refusal = Problem.RateLimited(decision.RetryAfter);
        }

        return decision.Allowed;
    }

    private OrganizationShare Find(Tenant tenant, long now)
    {
        if (_shares.TryGetValue(tenant, out var share))
        {
            return share;
        }

        if (Count >= MaxShares)
        {
            return _others;
        }

        var made = new OrganizationShare(tenant, LimitsOf(OrganizationLimits.Default), now);
        if (!_shares.TryAdd(tenant, made))
        {
            return Find(tenant, now);
        }

        Interlocked.Increment(ref _count);
        return made;
    }

    private void Remove(OrganizationShare share)
    {
        if (_shares.TryRemove(KeyValuePair.Create(share.Tenant!, share)))
        {
            Interlocked.Decrement(ref _count);
        }
    }

    private void Sweep()
    {
        var now = _time.GetTimestamp();
        var unusedSince = now - (_time.TimestampFrequency * (long)s_forgetAfter.TotalSeconds);
        foreach (var (_, share) in _shares)
        {
            if (share.TryRetire(unusedSince, now))
            {
                Remove(share);
            }
        }
    }

    private void StartRefresh(OrganizationShare share, long now)
    {
        if (Interlocked.Increment(ref _refreshes) > RefreshesAtOnce)
        {
            Interlocked.Decrement(ref _refreshes);
            share.PutRefreshOff(now);
            return;
        }

        // Not here: a grain's code begins on its caller's stack, and this caller is in a hurry.
        ThreadPool.UnsafeQueueUserWorkItem(static work => _ = work.Shares.RefreshAsync(work.Share), (Shares: this, Share: share), preferLocal: false);
    }

    private async Task RefreshAsync(OrganizationShare share)
    {
        try
        {
            var timesSet = share.TimesSet;
            var set = await _calls.CallAsync<IOrganizationGrain, Tenant, OrganizationLimits>(
                share.Tenant!.GrainKey, share.Tenant, static (grain, _, token) => grain.GetLimitsAsync(token), CancellationToken.None);
            share.Refresh(LimitsOf(set), timesSet, _time.GetTimestamp());
        }
#pragma warning disable CA1031 // The edge: whatever failed, what is known stays in force, and the next round asks again.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            LogNotRefreshed(fault.GetType().Name);
        }
        finally
        {
            Interlocked.Decrement(ref _refreshes);
        }
    }

    // On which terms a request enters: places beyond the limit, whether it counts against the rate, and whether it gets 503 instead of 429.
    private readonly record struct Terms(int Reserve, bool Metered, bool Sheds);

    [LoggerMessage(LogLevel.Debug, "An organization's limits could not be read: {Cause}; the last known ones stay in force")]
    private partial void LogNotRefreshed(string cause);
}
