using System.ComponentModel.DataAnnotations;

namespace LeadGrain.Grains.Buffer;

/// <summary>Settings of the buffer.</summary>
public sealed class BufferOptions
{
    /// <summary>The most waiting leads of one namespace that are held in memory; the rest stay in the database until their turn.</summary>
    [Range(1, 1_000_000)]
    public int WindowLeads { get; set; } = 1_000;

    /// <summary>
    /// The most memory, in bytes, that one namespace's waiting leads take, but for a single larger lead; those out of the plain
    /// order, as of another priority, take no more than twice <see cref="AnswerBytes"/> beside them.
    /// </summary>
    [Range(1, int.MaxValue)]
    public int WindowBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>
    /// Memory, in bytes, for the waiting leads of all active namespaces together. Beyond it, pushed leads stay in the database
    /// until they are pulled, and a pull that finds none in memory reads on by 50, or by as many as it asks for.
    /// </summary>
    [Range(0, 1L << 40)]
    public long WaitingBytes { get; set; } = 256 * 1024 * 1024;

    /// <summary>A pull of many ends with the lead that brings its answer to this size, in bytes.</summary>
    [Range(1, int.MaxValue)]
    public int AnswerBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>The most requests of one kind that may queue in one namespace; more are shed.</summary>
    [Range(1, 1_000_000)]
    public int QueueLimit { get; set; } = 10_000;

    /// <summary>
    /// The most leads that are marked or buffered in one commit, of one namespace or of several together; a single larger
    /// request goes alone. More would not make a lead cheaper, and those who come later would wait longer.
    /// </summary>
    [Range(1, 1_000_000)]
    public int CommitLeads { get; set; } = 1_000;

    /// <summary>
    /// How many commits of pulls may be under way at once. With one, about twice as many meet in each as with two, and the
    /// database's cost of a pull falls by a quarter.
    /// </summary>
    [Range(1, 64)]
    public int PullCommits { get; set; } = 1;

    /// <summary>How many commits of pushes may be under way at once: each is long enough to keep a processor of the database busy.</summary>
    [Range(1, 64)]
    public int PushCommits { get; set; } = 2;

    /// <summary>The most leads of one namespace that may be on lease or on a delay at once; they are held in memory.</summary>
    [Range(1, 1_000_000)]
    public int MaxLeases { get; set; } = 20_000;

    /// <summary>The size, in bytes, that those may have together: the lead that reaches it is the last.</summary>
    [Range(1, long.MaxValue)]
    public long MaxLeaseBytes { get; set; } = 128 * 1024 * 1024;

    /// <summary>How often a lead may be handed out by lease before it is set aside as dead. Setting <c>LEASE_MAX_ATTEMPTS</c>.</summary>
    [Display(Name = "LEASE_MAX_ATTEMPTS")]
    [Range(1, 1_000)]
    public int MaxAttempts { get; set; } = 5;

    /// <summary>
    /// Memory, in bytes, for the served sets of all active namespaces together: 9 to 28 bytes a served lead. A namespace
    /// for whose set there is no room asks the database instead. Setting <c>SERVED_SET_BYTES</c>.
    /// </summary>
    [Display(Name = "SERVED_SET_BYTES")]
    [Range(0, 1L << 40)]
    public long ServedSetBytes { get; set; } = 256 * 1024 * 1024;

    /// <summary>How long after a pull the checkpoint follows.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan CheckpointAfter { get; set; } = TimeSpan.FromSeconds(2);
}
