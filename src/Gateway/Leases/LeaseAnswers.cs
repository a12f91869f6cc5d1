using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json;
using LeadGrain.GrainInterfaces.Leases;

namespace LeadGrain.Gateway.Leases;

internal static class LeaseAnswers
{
    internal static void WriteAck(Utf8JsonWriter json, (ImmutableArray<Guid> Leases, LeaseOutcomes Outcomes) answer)
        => Write(json, answer, [LeaseFate.Acked]);

    internal static void WriteNack(Utf8JsonWriter json, (ImmutableArray<Guid> Leases, LeaseOutcomes Outcomes) answer)
        => Write(json, answer, [LeaseFate.Returned, LeaseFate.Dead]);

    internal static void WriteExtend(Utf8JsonWriter json, (ImmutableArray<Guid> Leases, LeaseOutcomes Outcomes) answer)
        => Write(json, answer, [LeaseFate.Extended]);

    private static void Write(
        Utf8JsonWriter json, (ImmutableArray<Guid> Leases, LeaseOutcomes Outcomes) answer, ReadOnlySpan<LeaseFate> counted)
    {
        var (leases, outcomes) = (answer.Leases, answer.Outcomes.Leases);
        json.WriteStartObject();
        json.WriteStartArray("results"u8);
        for (var n = 0; n < leases.Length; n++)
        {
            json.WriteStartObject();
            json.WriteString("leaseId"u8, leases[n]);
            json.WriteString("outcome"u8, Word(outcomes[n].Fate));
            if (outcomes[n].ExpiresAt is { } expiry)
            {
                json.WriteString("leaseExpiresAt"u8, expiry.UtcDateTime);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        foreach (var fate in counted)
        {
            WriteCount(json, Word(fate), outcomes, fate);
        }

        WriteCount(json, "notHeld"u8, outcomes, LeaseFate.NotHeld);
        json.WriteEndObject();
    }

    private static void WriteCount(Utf8JsonWriter json, ReadOnlySpan<byte> name, ImmutableArray<LeaseOutcome> outcomes, LeaseFate fate)
    {
        var count = 0;
        foreach (var outcome in outcomes)
        {
            count += outcome.Fate == fate ? 1 : 0;
        }

        json.WriteNumber(name, count);
    }

    private static ReadOnlySpan<byte> Word(LeaseFate fate) => fate switch
    {
        LeaseFate.Acked => "acked"u8,
        LeaseFate.Returned => "returned"u8,
        LeaseFate.Dead => "dead"u8,
        LeaseFate.Extended => "extended"u8,
        LeaseFate.NotHeld => "not_held"u8,
        _ => throw new UnreachableException($"{fate} has no word."),
    };
}
