using System.ComponentModel.DataAnnotations;
using System.Net;

namespace LeadGrain.Gateway;

/// <summary>The gateway's limits.</summary>
public sealed class GatewayOptions
{
    internal const int LargestBody = 32 * 1024 * 1024;

    /// <summary>The longest that a call waits by design, beside <see cref="GrainCallTimeout"/>: for an ingested lead's push.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    // A share of a small limit must still let one organization work.
    private const int LeastShare = 16;

    /// <summary>Requests under way at once; further ones are shed with 503. Setting <c>MAX_IN_FLIGHT</c>.</summary>
    [Display(Name = "MAX_IN_FLIGHT")]
    [Range(1, 1_000_000)]
    public int MaxInFlight { get; set; } = 4096;

    /// <summary>
    /// Requests that wait for a lead at once, beside those under way; further ones are shed with 503. An organization may have
    /// a quarter of them. Setting <c>MAX_WAITING</c>.
    /// </summary>
    [Display(Name = "MAX_WAITING")]
    [Range(0, 10_000_000)]
    public int MaxWaiting { get; set; } = 20_000;

    /// <summary>
    /// Requests of one organization under way at once, where it has no limit of its own; further ones get 429. 0: a quarter of
    /// <see cref="MaxInFlight"/>. Setting <c>ORGANIZATION_MAX_IN_FLIGHT</c>.
    /// </summary>
    [Display(Name = "ORGANIZATION_MAX_IN_FLIGHT")]
    [Range(0, 1_000_000)]
    public int OrganizationMaxInFlight { get; set; }

    /// <summary>
    /// Requests a second of one organization, where it has no limit of its own; further ones get 429. 0: no limit. Setting
    /// <c>ORGANIZATION_REQUESTS_PER_SECOND</c>.
    /// </summary>
    [Display(Name = "ORGANIZATION_REQUESTS_PER_SECOND")]
    [Range(0, 1_000_000)]
    public int OrganizationRequestsPerSecond { get; set; }

    /// <summary>
    /// Requests of one organization that may come at once after a pause. 0: as many as a second's. Setting
    /// <c>ORGANIZATION_BURST</c>.
    /// </summary>
    [Display(Name = "ORGANIZATION_BURST")]
    [Range(0, 1_000_000)]
    public int OrganizationBurst { get; set; }

    /// <summary>
    /// Bytes of large bodies (over 64 KiB) held at once, answers that nobody has read yet among them; what goes beyond is shed with 503. An
    /// organization may have a quarter, and one body of the largest size in any case. Setting <c>MAX_BODY_MEMORY</c>.
    /// </summary>
    [Display(Name = "MAX_BODY_MEMORY")]
    [Range(LargestBody, long.MaxValue)]
    public long MaxBodyMemory { get; set; } = 256 * 1024 * 1024;

    /// <summary>
    /// Large bodies worked on at once, in turn between organizations; the others wait. Setting <c>LARGE_BODIES_AT_ONCE</c>.
    /// </summary>
    [Display(Name = "LARGE_BODIES_AT_ONCE")]
    [Range(1, 10_000)]
    public int LargeBodiesAtOnce { get; set; } = Math.Max(2, Environment.ProcessorCount / 2); // one is parsed while another is committed

    /// <summary>
    /// How long a refusal for too many requests under way is held back, so that a flood does not spend on refusals what there is
    /// to serve with. Setting <c>REFUSAL_DELAY</c>, as 00:00:00.500; 00:00:00 for none.
    /// </summary>
    [Display(Name = "REFUSAL_DELAY")]
    [Range(typeof(TimeSpan), "00:00:00", "00:00:10")]
    public TimeSpan RefusalDelay { get; set; } = TimeSpan.FromMilliseconds(500); // half of the Retry-After that it comes with; with 250 ms a flood still cost a quarter of the goodput

    /// <summary>How long a request waits for its grain before 503 <c>timed_out</c>. Setting <c>GRAIN_CALL_TIMEOUT</c>, as 00:00:30.</summary>
    [Display(Name = "GRAIN_CALL_TIMEOUT")]
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan GrainCallTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The wait before a call is repeated because its grain was between owners; doubled with each repeat.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:10")]
    public TimeSpan OwnershipRetryDelay { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>How long a readiness check may take before it counts as not ready.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan ReadinessTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long what an organization's key opens is remembered; a key revoked elsewhere opens for so long. Setting <c>KEY_CACHE</c>, as 00:00:05.</summary>
    [Display(Name = "KEY_CACHE")]
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan KeyCacheFor { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the answer to an ingested lead waits for its push; zero does not wait. Setting <c>INGEST_PUSH_WAIT</c>, as 00:00:05.</summary>
    [Display(Name = "INGEST_PUSH_WAIT")]
    [Range(typeof(TimeSpan), "00:00:00", "00:00:30")]
    public TimeSpan IngestPushWait { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The application of deliveries, Clay's and Smartlead's, that name none. Setting <c>CLAY_APP</c>.</summary>
    [Display(Name = "CLAY_APP")]
    [StringLength(255, MinimumLength = 1)]
    public string ClayApp { get; set; } = "clay";

    /// <summary>How many deliveries from outside may have their proof checked at once; more are shed. Setting <c>MAX_UNPROVEN</c>.</summary>
    [Display(Name = "MAX_UNPROVEN")]
    [Range(1, 100_000)]
    public int MaxUnproven { get; set; } = 64; // each takes a millisecond

    /// <summary>
    /// Proxies in front, as addresses or networks such as <c>10.0.0.0/8</c>: whose address they name in <c>X-Forwarded-For</c> is
    /// the caller's. Setting <c>TRUSTED_PROXIES</c>, with commas.
    /// </summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; set; } = [];

    /// <summary>What one organization may have of a limit unless told otherwise: a quarter.</summary>
    internal static int ShareOf(int limit) => Math.Min(limit, Math.Max(LeastShare, limit / 4));
}
