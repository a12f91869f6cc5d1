using System.Text.Json.Nodes;

namespace LeadGrain.Sandbox.Smartlead;

/// <summary>Faults that are ordered by name, so that each can be played with curl.</summary>
internal static class SmartleadFaults
{
    private const int MostRequests = 10_000;

    private static readonly Dictionary<string, Func<FakeSmartleadOptions, SmartleadBehavior>> s_byName = new(StringComparer.Ordinal)
    {
        ["throttled"] = _ => new SmartleadBehavior.Throttled("1", 1),
        ["exhausted"] = _ => new SmartleadBehavior.Exhausted(),
        ["hang"] = _ => new SmartleadBehavior.Hang(),
        ["slow"] = options => new SmartleadBehavior.Delay(options.Slowness, new SmartleadBehavior.Answer()),
        ["cut"] = _ => new SmartleadBehavior.Cut(),
        ["accept_and_cut"] = _ => new SmartleadBehavior.AcceptAndCut(),
        ["truncated"] = _ => new SmartleadBehavior.AcceptAndTruncate(),
        ["html"] = _ => new SmartleadBehavior.HtmlPage(),
    };

    /// <summary>All that has a name.</summary>
    public static string Names { get; } = string.Join(", ", s_byName.Keys);

    /// <summary>Reads {fault, requests}, the latter 1 unless told; null where there is no such fault.</summary>
    public static (int Requests, SmartleadBehavior Fault)? Read(JsonObject asked, FakeSmartleadOptions options)
    {
        var requests = asked["requests"] is null ? 1 : Number(asked["requests"]);
        SmartleadBehavior? fault = Number(asked["fault"]) is >= 400 and <= 599 and { } status ? new SmartleadBehavior.Fails(status)
            : asked["fault"] is JsonValue value && value.TryGetValue<string>(out var name) ? s_byName.GetValueOrDefault(name)?.Invoke(options)
            : null;
        return requests is >= 1 and <= MostRequests and { } count && fault is not null ? (count, fault) : null;
    }

    private static int? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue<int>(out var number) ? number : null;
}
