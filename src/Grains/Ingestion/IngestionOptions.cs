using System.ComponentModel.DataAnnotations;

namespace LeadGrain.Grains.Ingestion;

/// <summary>Settings of ingestion.</summary>
public sealed class IngestionOptions
{
    /// <summary>Rows that one commit takes; a body of more than 16 KiB counts as several.</summary>
    [Range(1, 10_000)]
    public int CommitRows { get; set; } = 512;

    /// <summary>Commits under way at once.</summary>
    [Range(1, 64)]
    public int ConcurrentCommits { get; set; } = 1; // what a second one would overlap is less than what fuller commits save

    /// <summary>How long the answer to a post that is in the raw log waits for its lead to be made.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:20")]
    public TimeSpan LeadWait { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often what was left unfinished is looked for.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan DrainEvery { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How old a commit's rows must be before another process than the one that wrote them finishes them.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan DrainGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Days that the raw log is kept for; 0: for ever. Setting <c>RAW_RETENTION</c>.</summary>
    [Display(Name = "RAW_RETENTION")]
    [Range(0, 36_500, ErrorMessage = "RAW_RETENTION must be a number of days from 0 to 36500.")]
    public int RetentionDays { get; set; }

    /// <summary>Days whose partitions are made ahead.</summary>
    [Range(1, 60)]
    public int DaysAhead { get; set; } = 3; // a weekend without the process
}
