namespace LeadGrain.Gateway.Problems;

/// <summary>A refusal or failure (RFC 9457).</summary>
/// <param name="Type">A URN made of the code.</param>
/// <param name="Title">The code in words.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">Stable, to branch on.</param>
/// <param name="Detail">What is wrong with this request, for people.</param>
/// <param name="RequestId">As in X-Request-Id.</param>
/// <param name="Member">The member, parameter or header at fault, such as leads[3].email; absent where there is none.</param>
public sealed record ProblemResponse(
    string Type,
    string Title,
    int Status,
    string Code,
    string Detail,
    string RequestId,
    string? Member = null);
