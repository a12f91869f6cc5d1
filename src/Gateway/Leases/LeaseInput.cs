using System.Text.Json;
using LeadGrain.Gateway.Buffer;
using LeadGrain.Gateway.Json;
using LeadGrain.GrainInterfaces.Leases;

namespace LeadGrain.Gateway.Leases;

/// <summary>An acknowledgement, a return or an extension as read from its body.</summary>
internal sealed record LeaseInput(string Namespace, string? ParentRunId, LeaseCommand Command)
{
    internal static Parsed<LeaseInput> ReadAck(JsonElement root)
    {
        var members = new MemberReader(root);
        return Read(ref members, LeaseAction.Ack.Value);
    }

    internal static Parsed<LeaseInput> ReadNack(JsonElement root)
    {
        var members = new MemberReader(root);
        var delay = members.OptionalInteger("delaySeconds"u8, 0, LeaseSeconds.Most);
        return Read(ref members, new LeaseAction.Nack(TimeSpan.FromSeconds(delay ?? 0)));
    }

    internal static Parsed<LeaseInput> ReadExtend(JsonElement root)
    {
        var members = new MemberReader(root);
        var lease = members.RequiredInteger("leaseSeconds"u8, 1, LeaseSeconds.Most);
        return Read(ref members, new LeaseAction.Extend(TimeSpan.FromSeconds(lease)));
    }

    private static Parsed<LeaseInput> Read(ref MemberReader members, LeaseAction action)
    {
        var name = members.RequiredName("namespace"u8);
        var parentRunId = members.OptionalText("parentRunId"u8);
        var leases = members.RequiredIds("leaseIds"u8, LeaseCommand.MaxLeases);
        return members.Problem is { } problem ? problem : new LeaseInput(name, parentRunId, new LeaseCommand(leases, action));
    }
}
