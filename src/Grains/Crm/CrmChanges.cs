using LeadGrain.GrainInterfaces.Crm;

namespace LeadGrain.Grains.Crm;

/// <summary>What a change makes of a lead.</summary>
internal static class CrmChanges
{
    /// <summary>The lead after a change; the same where it changes nothing.</summary>
    internal static CrmLead Apply(CrmLead lead, CrmChange change, DateTimeOffset now)
    {
        var changed = lead with
        {
            Status = change.Status is { } status ? status.Value ?? CrmChange.InitialStatus : lead.Status,
            AssignedTo = change.AssignedTo is { } assignee ? assignee.Value : lead.AssignedTo,
            Notes = change.Notes is { } notes ? notes.Value : lead.Notes,
        };
        return Between(lead, changed).Count == 0 ? lead : changed with { Version = lead.Version + 1, UpdatedAt = now };
    }

    /// <summary>The fields that differ.</summary>
    internal static List<(string Field, string? Before, string? After)> Between(CrmLead before, CrmLead after)
    {
        List<(string, string?, string?)> all =
        [
            ("status", before.Status, after.Status),
            ("assignedTo", before.AssignedTo, after.AssignedTo),
            ("notes", before.Notes, after.Notes),
        ];
        return all.FindAll(static field => field.Item2 != field.Item3);
    }
}
