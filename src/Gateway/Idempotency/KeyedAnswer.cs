using System.Diagnostics.CodeAnalysis;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Idempotency;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Idempotency;

/// <summary>Tells callers what became of their key.</summary>
internal static class KeyedAnswer
{
    internal const string ReplayedHeader = "Idempotent-Replayed";

    /// <summary>Whether the key stood in the way; if not, marks the answer to come where it is a repeated one.</summary>
    internal static bool Refused<TOutcome>(
        this Keyed<TOutcome> keyed, HttpContext context, [NotNullWhen(true)] out Problem? problem, [NotNullWhen(false)] out TOutcome? outcome)
        where TOutcome : class
    {
        outcome = keyed.Outcome;
        problem = keyed.Use switch
        {
            KeyUse.InProgress => Problem.RequestInProgress(),
            KeyUse.TakenByOther => Problem.IdempotencyKeyReused(),
            _ => null,
        };
        if (keyed.Use == KeyUse.Replayed)
        {
            context.Response.Headers[ReplayedHeader] = "true";
        }

        return problem is not null;
    }
}
