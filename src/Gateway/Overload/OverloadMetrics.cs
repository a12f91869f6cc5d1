using System.Diagnostics.Metrics;

namespace LeadGrain.Gateway.Overload;

/// <summary>What was refused for load, and how much is under way. Never who was refused: labels must stay bounded.</summary>
internal sealed class OverloadMetrics
{
    internal const string MeterName = "LeadGrain.Gateway";

    private const string LimitTag = "leadgrain.gateway.limit";

    private readonly Counter<long> _shed;
    private readonly Counter<long> _throttled;
    private readonly UpDownCounter<long> _waiting;

    public OverloadMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _shed = meter.CreateCounter<long>(
            "leadgrain.gateway.requests.shed", "{request}", "Requests refused because too much was under way.");
        _throttled = meter.CreateCounter<long>(
            "leadgrain.gateway.requests.throttled", "{request}", "Requests refused because their organization asks for too much.");
        _waiting = meter.CreateUpDownCounter<long>(
            "leadgrain.gateway.requests.waiting", "{request}", "Requests that wait for a lead without taking a place.");
    }

    internal void Shed(string limit) => _shed.Add(1, new KeyValuePair<string, object?>(LimitTag, limit));

    internal void Throttled(string limit) => _throttled.Add(1, new KeyValuePair<string, object?>(LimitTag, limit));

    internal void Waiting(int change) => _waiting.Add(change);
}

/// <summary>The limits that a metric's label names.</summary>
internal static class LimitNames
{
    internal const string InFlight = "in_flight";
    internal const string Rate = "rate";
    internal const string Waiting = "waiting";
    internal const string Bodies = "bodies";
    internal const string Unproven = "unproven";
}
