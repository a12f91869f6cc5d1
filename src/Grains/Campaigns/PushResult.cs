namespace LeadGrain.Grains.Campaigns;

/// <summary>
/// What a target says of one lead: <see cref="Accepted"/>, <see cref="AlreadyThere"/>, <see cref="Refused"/>,
/// <see cref="RetryAt"/> or <see cref="Stop"/>. The reasons are for people; they name no lead and no secret.
/// </summary>
internal abstract record PushResult
{
    private protected PushResult()
    {
    }

    /// <summary>It has the lead.</summary>
    /// <param name="TargetLeadId">Its own name for the lead, where it gave one.</param>
    internal sealed record Accepted(string? TargetLeadId = null) : PushResult;

    /// <summary>It had the lead before: as good as accepted.</summary>
    /// <param name="TargetLeadId">Its own name for the lead, where it gave one.</param>
    internal sealed record AlreadyThere(string? TargetLeadId = null) : PushResult;

    /// <summary>It will never take this lead.</summary>
    /// <param name="Why">Such as an invalid address, or one that unsubscribed.</param>
    /// <param name="Asked">Whether the target was asked at all: not for a lead that is not to be contacted any more, or is gone.</param>
    /// <param name="Whole">Whether it refused a request in which the lead was alone, and did not say that the lead is the reason.</param>
    internal sealed record Refused(string Why, bool Asked = true, bool Whole = false) : PushResult
    {
        /// <summary>With so many whole requests refused in a row, and no lead judged, it is not the leads: so many are not all wrong.</summary>
        internal const int Alike = 10;

        /// <summary>What it means where all are refused.</summary>
        internal Stop Every() => new($"{Why}, and so was every other");
    }

    /// <summary>Whether it has the lead is not known, or it does not take it now.</summary>
    /// <param name="When">When it wants to be asked again; null: by the schedule.</param>
    /// <param name="Why">What happened.</param>
    /// <param name="Counts">Whether it was an attempt: not, where the target was never asked or told us to wait.</param>
    /// <param name="Asked">Whether the target was asked at all.</param>
    /// <param name="ForAll">Whether the campaign's other leads are to wait until then as well.</param>
    internal sealed record RetryAt(DateTimeOffset? When, string Why, bool Counts = true, bool Asked = true, bool ForAll = false) : PushResult;

    /// <summary>It takes nothing from this campaign until somebody acts.</summary>
    /// <param name="Why">Such as a bad key, or no such campaign.</param>
    internal sealed record Stop(string Why) : PushResult;
}
