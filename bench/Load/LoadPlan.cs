using System.Text.Json.Serialization;

namespace LeadGrain.Bench.Load;

/// <summary>What a load asks for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LoadKind>))]
internal enum LoadKind
{
    /// <summary>POST /buffer/next.</summary>
    Next,

    /// <summary>POST /buffer/next with leaseSeconds.</summary>
    Lease,

    /// <summary>POST /buffer/next, each with an Idempotency-Key of its own.</summary>
    Keyed,

    /// <summary>POST /buffer/push, each email new.</summary>
    Push,

    /// <summary>POST /enrich of emails in turn.</summary>
    Enrich,

    /// <summary>POST /api/lead, each email new.</summary>
    Lead,

    /// <summary>POST /api/ingest of one lead, its email new, without a wait for its push.</summary>
    Ingest,
}

/// <summary>A load, as its process is told it.</summary>
internal sealed record LoadPlan
{
    public required LoadKind Kind { get; init; }

    public required int Port { get; init; }

    public required string Key { get; init; }

    public required string App { get; init; }

    public required string Org { get; init; }

    /// <summary>Namespaces, or the local parts of emails, are this and a number of six digits.</summary>
    public required string Prefix { get; init; }

    /// <summary>How many of them, from 0; each request takes a random one.</summary>
    public required int Count { get; init; }

    /// <summary>Takes them in turn instead.</summary>
    public bool InTurn { get; init; }

    public int Connections { get; init; } = 64;

    /// <summary>Leads a push.</summary>
    public int Batch { get; init; } = 100;

    /// <summary>Tells the emails of this load from those of all others.</summary>
    public uint Series { get; init; }

    /// <summary>Load before the measured time.</summary>
    public double WarmUpSeconds { get; init; }

    public double Seconds { get; init; }

    /// <summary>Requests a second on a fixed schedule (open loop); null for as many as the connections carry (closed loop).</summary>
    public double? Rate { get; init; }

    /// <summary>Ends the load after so many requests, whatever the time; all of it is measured then.</summary>
    public long? Requests { get; init; }
}

/// <summary>What became of a load.</summary>
internal sealed record LoadResult
{
    /// <summary>Answers of the measured time, or to what was due in it, that were as expected.</summary>
    public long Done { get; init; }

    /// <summary>The same, the time before and after included.</summary>
    public long DoneInAll { get; init; }

    /// <summary>Answers with 200 and another body: pulls that found nothing.</summary>
    public long Unexpected { get; init; }

    /// <summary>Answers with another status, and connections that broke.</summary>
    public long Failed { get; init; }

    /// <summary>The measured time.</summary>
    public double Seconds { get; init; }

    /// <summary>Processor time of the load's own process in it.</summary>
    public double CpuSeconds { get; init; }

    /// <summary>Milliseconds by percentile, from the intended start of each request where the load is an open loop.</summary>
    public Dictionary<string, double> Latency { get; init; } = [];

    /// <summary>An unexpected answer, for the person who looks.</summary>
    public string? Sample { get; init; }

    /// <summary>Processor time of the grid and of PostgreSQL over the whole load, as far as it was measured.</summary>
    [JsonIgnore]
    public Target.CpuTime ServerCpu { get; init; }

    [JsonIgnore]
    public double PerSecond => Seconds > 0 ? Done / Seconds : 0;

    /// <summary>99 % of the requests took at most so many milliseconds.</summary>
    [JsonIgnore]
    public double P99 => Latency.GetValueOrDefault("99");
}
