using LeadGrain.GrainInterfaces.Audit;

namespace LeadGrain.Grains.Audit;

/// <summary>One thing that was done. Nothing in it may name a person: leads are named by their ids, secrets by their names.</summary>
/// <param name="OrganizationId">Whose.</param>
/// <param name="Actor">Who did it, and why they say they did.</param>
/// <param name="Action">What, in <c>snake_case</c>.</param>
/// <param name="Entity">The kind of thing it was done to.</param>
/// <param name="EntityId">Which one.</param>
/// <param name="Before">Raw UTF-8 JSON; null where there was nothing.</param>
/// <param name="After">Raw UTF-8 JSON; null where there is nothing.</param>
/// <param name="Reason">Why, for people, as far as the grid knows; what the actor says is told beside it.</param>
internal sealed record AuditEntry(
    long OrganizationId,
    Actor Actor,
    string Action,
    string Entity,
    string EntityId,
    byte[]? Before = null,
    byte[]? After = null,
    string? Reason = null);
