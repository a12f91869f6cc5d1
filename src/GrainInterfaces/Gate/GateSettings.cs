namespace LeadGrain.GrainInterfaces.Gate;

/// <summary>How an organization's health gate judges. A lead begins with 100 points, and each check that tells against it takes some off.</summary>
/// <param name="GreenFrom">The lowest score that is GREEN, 1 to 100.</param>
/// <param name="YellowFrom">The lowest score that is YELLOW, 0 to <paramref name="GreenFrom"/>; below is RED, and blocked.</param>
/// <param name="LookBackDays">How long an email counts as routed to a campaign before, 0 to 3650 days.</param>
/// <param name="Points">What each check takes off.</param>
[GenerateSerializer, Immutable]
public sealed record GateSettings(int GreenFrom, int YellowFrom, int LookBackDays, GatePoints Points)
{
    /// <summary>In force where nothing was set.</summary>
    public static GateSettings Default { get; } = new(80, 50, 30, GatePoints.Default);
}

/// <summary>What each check of the health gate takes off a lead's 100 points: 0 (the check does not count) to 100.</summary>
/// <param name="Syntax">The email cannot be one.</param>
/// <param name="DisposableDomain">It is of a throw-away service.</param>
/// <param name="RoleAddress">It belongs to a role, such as info@, not to a person.</param>
/// <param name="NoMailHost">Its domain takes no mail.</param>
/// <param name="Suppressed">It is on the suppression list: put there, or unsubscribed.</param>
/// <param name="Bounced">Mail to it came back.</param>
/// <param name="Complained">The person called a mail spam.</param>
/// <param name="Duplicate">It was routed to the same target within the look-back.</param>
[GenerateSerializer, Immutable]
public sealed record GatePoints(
    int Syntax, int DisposableDomain, int RoleAddress, int NoMailHost, int Suppressed, int Bounced, int Complained, int Duplicate)
{
    /// <summary>All but a role address is enough for RED.</summary>
    public static GatePoints Default { get; } = new(100, 60, 30, 60, 100, 100, 100, 60);
}
