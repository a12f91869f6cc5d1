using System.Runtime.InteropServices;
using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Buffer;

namespace LeadGrain.Gateway.Buffer;

/// <summary>A push as read from its body.</summary>
internal sealed record PushInput(string Namespace, string? ParentRunId, PushCommand Command)
{
    internal const int MaxLeads = 10_000;
    internal const int MaxDataBytes = 1024 * 1024;

    internal static Parsed<PushInput> Read(JsonElement root)
    {
        var members = new MemberReader(root);
        var name = members.RequiredName("namespace"u8);
        var origin = new LeadOrigin(
            members.OptionalText("brandId"u8), members.OptionalText("clerkOrgId"u8), members.OptionalText("clerkUserId"u8));
        var parentRunId = members.OptionalText("parentRunId"u8);
        var array = members.RequiredArray("leads"u8);
        if (members.Problem is { } problem)
        {
            return problem;
        }

        return ReadLeads(array).Failed(out var fault, out var leads)
            ? fault
            : new PushInput(name, parentRunId, new PushCommand(origin, ImmutableCollectionsMarshal.AsImmutableArray(leads)));
    }

    private static Parsed<NewLead[]> ReadLeads(JsonElement array)
    {
        var count = array.GetArrayLength();
        if (count > MaxLeads)
        {
            return Problem.TooManyLeads(MaxLeads);
        }

        var leads = new NewLead[count];
        var index = 0;
        foreach (var element in array.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Object)
            {
                return Problem.InvalidMember($"leads[{index}]", "must be an object.");
            }

            var members = new MemberReader(element, index);
            leads[index++] = new NewLead(
                members.RequiredName("email"u8, EmailKey.MaxLength),
                members.OptionalText("externalId"u8),
                members.OptionalRaw("data"u8, MaxDataBytes),
                members.OptionalInteger("priority"u8, -NewLead.MaxPriority, NewLead.MaxPriority) ?? 0);
            if (members.Problem is { } problem)
            {
                return problem;
            }
        }

        return leads;
    }
}
