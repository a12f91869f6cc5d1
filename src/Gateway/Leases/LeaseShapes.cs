using System.ComponentModel.DataAnnotations;
using LeadGrain.GrainInterfaces.Leases;

namespace LeadGrain.Gateway.Leases;

/// <summary>Leases whose leads are done with.</summary>
/// <param name="Namespace">Of all of these leases, 1 to 255 characters.</param>
/// <param name="LeaseIds">As pulls gave them, each once.</param>
/// <param name="ParentRunId">The run that this call is reported to.</param>
public sealed record AckRequest(
    string Namespace,
    [property: MinLength(1), MaxLength(LeaseCommand.MaxLeases)] IReadOnlyList<Guid> LeaseIds,
    string? ParentRunId = null);

/// <summary>Leases to give back.</summary>
/// <param name="Namespace">Of all of these leases, 1 to 255 characters.</param>
/// <param name="LeaseIds">As pulls gave them, each once.</param>
/// <param name="DelaySeconds">How long their leads are not handed out; 0 unless told.</param>
/// <param name="ParentRunId">The run that this call is reported to.</param>
public sealed record NackRequest(
    string Namespace,
    [property: MinLength(1), MaxLength(LeaseCommand.MaxLeases)] IReadOnlyList<Guid> LeaseIds,
    [property: Range(0, 86_400)] int? DelaySeconds = null,
    string? ParentRunId = null);

/// <summary>Leases to extend.</summary>
/// <param name="Namespace">Of all of these leases, 1 to 255 characters.</param>
/// <param name="LeaseIds">As pulls gave them, each once.</param>
/// <param name="LeaseSeconds">How long they run from now.</param>
/// <param name="ParentRunId">The run that this call is reported to.</param>
public sealed record ExtendRequest(
    string Namespace,
    [property: MinLength(1), MaxLength(LeaseCommand.MaxLeases)] IReadOnlyList<Guid> LeaseIds,
    [property: Range(1, 86_400)] int LeaseSeconds,
    string? ParentRunId = null);

/// <summary>What became of one lease.</summary>
/// <param name="LeaseId">Which.</param>
/// <param name="Outcome">acked, returned, dead, extended, or not_held: expired, settled before, or never given; nothing was done.</param>
/// <param name="LeaseExpiresAt">Of an extended lease; else absent.</param>
public sealed record LeaseResult(Guid LeaseId, string Outcome, DateTimeOffset? LeaseExpiresAt = null);

/// <summary>What became of leases that were acknowledged.</summary>
/// <param name="Results">In the order of the request.</param>
/// <param name="Acked">Leads now served for good.</param>
/// <param name="NotHeld">Leases that were not held any more.</param>
public sealed record AckResponse(IReadOnlyList<LeaseResult> Results, int Acked, int NotHeld);

/// <summary>What became of leases that were given back.</summary>
/// <param name="Results">In the order of the request.</param>
/// <param name="Returned">Leads that wait again.</param>
/// <param name="Dead">Leads set aside, because that was their last attempt.</param>
/// <param name="NotHeld">Leases that were not held any more.</param>
public sealed record NackResponse(IReadOnlyList<LeaseResult> Results, int Returned, int Dead, int NotHeld);

/// <summary>What became of leases that were extended.</summary>
/// <param name="Results">In the order of the request.</param>
/// <param name="Extended">Leases that run on.</param>
/// <param name="NotHeld">Leases that were not held any more.</param>
public sealed record ExtendResponse(IReadOnlyList<LeaseResult> Results, int Extended, int NotHeld);
