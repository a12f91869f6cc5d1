using System.Collections.Immutable;

namespace LeadGrain.GrainInterfaces.Crm;

/// <summary>A lead.</summary>
/// <param name="Id">Identifier, ordered by time (UUID version 7); of its entry in the raw log as well.</param>
/// <param name="Fields">As <see cref="Ingestion.LeadFields"/> orders them; null for what was not said.</param>
/// <param name="Extra">A JSON object in UTF-8 of everything that has no field; null where that is nothing.</param>
/// <param name="Status">new unless it was changed.</param>
/// <param name="AssignedTo">Who works on it.</param>
/// <param name="Notes">Free text.</param>
/// <param name="Version">Rises with each change.</param>
/// <param name="CreatedAt">When it was received.</param>
/// <param name="UpdatedAt">When it was changed last.</param>
[GenerateSerializer, Immutable]
public sealed record CrmLead(
    Guid Id,
    ImmutableArray<string?> Fields,
    byte[]? Extra,
    string Status,
    string? AssignedTo,
    string? Notes,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <summary>Which leads to list. Null filters match everything.</summary>
/// <param name="Status">Exact status.</param>
/// <param name="Assignee">Exact assignee.</param>
/// <param name="Country">Exact country.</param>
/// <param name="Offer">Exact offer.</param>
/// <param name="Source">Exact sourcetype.</param>
/// <param name="Text">Part of name, email, phone or description, in any case.</param>
/// <param name="From">Received at or after this instant.</param>
/// <param name="To">Received before this instant.</param>
/// <param name="Before">Leads older than this one.</param>
/// <param name="Limit">At most this many, 1 to 1000.</param>
[GenerateSerializer, Immutable]
public sealed record CrmQuery(
    string? Status,
    string? Assignee,
    string? Country,
    string? Offer,
    string? Source,
    string? Text,
    DateTimeOffset? From,
    DateTimeOffset? To,
    Guid? Before,
    int Limit);

/// <summary>A page of leads, newest first.</summary>
[GenerateSerializer, Immutable]
public sealed record CrmPage(ImmutableArray<CrmLead> Leads, bool HasMore);

/// <summary>A change of one field of a lead.</summary>
/// <param name="Version">The lead's version after it.</param>
/// <param name="ChangedAt">When.</param>
/// <param name="ChangedBy">Who, as the caller said.</param>
/// <param name="Field">status, assignedTo or notes.</param>
/// <param name="Before">What it was.</param>
/// <param name="After">What it became.</param>
[GenerateSerializer, Immutable]
public sealed record CrmEvent(int Version, DateTimeOffset ChangedAt, string ChangedBy, string Field, string? Before, string? After);

/// <summary>A lead and what was done to it, oldest first.</summary>
[GenerateSerializer, Immutable]
public sealed record CrmHistory(CrmLead Lead, ImmutableArray<CrmEvent> Events);

/// <summary>A new value; null clears. Absent altogether: the value stays.</summary>
[GenerateSerializer, Immutable]
public sealed record NewValue(string? Value);

/// <summary>A change of a lead.</summary>
/// <param name="Id">Which.</param>
/// <param name="By">Who, as the caller says.</param>
/// <param name="Status">Cleared it is new again.</param>
/// <param name="AssignedTo">Who works on it.</param>
/// <param name="Notes">Free text.</param>
/// <param name="Version">Only where this is the lead's version; null: whichever it is.</param>
[GenerateSerializer, Immutable]
public sealed record CrmChange(Guid Id, string By, NewValue? Status, NewValue? AssignedTo, NewValue? Notes, int? Version)
{
    /// <summary>Of a lead that nobody has touched.</summary>
    public const string InitialStatus = "new";
}

/// <summary>What became of a change: <see cref="Changed"/>, <see cref="NotFound"/> or <see cref="OtherVersion"/>.</summary>
[GenerateSerializer, Immutable]
public abstract record CrmOutcome
{
    private protected CrmOutcome()
    {
    }

    /// <summary>The lead as it is now.</summary>
    [GenerateSerializer, Immutable]
    public sealed record Changed(CrmHistory Lead) : CrmOutcome;

    /// <summary>There is no such lead.</summary>
    [GenerateSerializer, Immutable]
    public sealed record NotFound : CrmOutcome
    {
        /// <summary>The one value.</summary>
        public static readonly NotFound Value = new();
    }

    /// <summary>It was changed meanwhile; nothing was done.</summary>
    [GenerateSerializer, Immutable]
    public sealed record OtherVersion(int Version) : CrmOutcome;
}
