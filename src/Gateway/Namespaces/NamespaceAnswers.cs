using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.GrainInterfaces.Namespaces;

namespace LeadGrain.Gateway.Namespaces;

internal static class NamespaceAnswers
{
    internal static void WritePage(Utf8JsonWriter json, (NamespacePage Page, string? Next, DateTimeOffset Now) answer)
    {
        json.WriteStartObject();
        json.WriteStartArray("namespaces"u8);
        foreach (var status in answer.Page.Namespaces)
        {
            WriteStatus(json, (status, answer.Now));
        }

        json.WriteEndArray();
        json.WriteString("next"u8, answer.Next);
        json.WriteEndObject();
    }

    internal static void WriteStatus(Utf8JsonWriter json, (NamespaceStatus Status, DateTimeOffset Now) answer)
    {
        var (status, now) = answer;
        json.WriteStartObject();
        json.WriteString("namespace"u8, status.Name);
        json.WriteBoolean("paused"u8, status.Paused);
        json.WriteNumber("waiting"u8, status.Waiting);
        json.WriteNumber("leased"u8, status.Leased);
        json.WriteNumber("dead"u8, status.Dead);
        json.WriteNumber("served"u8, status.Served);
        json.WriteNumber("skipped"u8, status.Skipped);
        json.WriteTime("oldestWaitingSince"u8, status.OldestWaitingSince);
        json.WriteNumber("oldestWaitingAgeSeconds"u8, Seconds(now - status.OldestWaitingSince));
        json.WriteTime("lastPushAt"u8, status.LastPushAt);
        json.WriteTime("lastPullAt"u8, status.LastPullAt);
        json.WriteEndObject();
    }

    internal static void WritePaused(Utf8JsonWriter json, (string Name, bool Paused) answer)
    {
        json.WriteStartObject();
        json.WriteString("namespace"u8, answer.Name);
        json.WriteBoolean("paused"u8, answer.Paused);
        json.WriteEndObject();
    }

    // Whole seconds; none below zero, where this machine's clock is behind the one that took the push.
    private static long? Seconds(TimeSpan? age) => age is { } known ? Math.Max(0, (long)known.TotalSeconds) : null;
}
