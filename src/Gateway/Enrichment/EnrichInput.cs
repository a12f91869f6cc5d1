using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.GrainInterfaces.Buffer;

namespace LeadGrain.Gateway.Enrichment;

/// <summary>An enrichment as read from its body.</summary>
internal sealed record EnrichInput(string Email, string? ParentRunId)
{
    internal static Parsed<EnrichInput> Read(JsonElement root)
    {
        var members = new MemberReader(root);
        var input = new EnrichInput(members.RequiredName("email"u8, EmailKey.MaxLength), members.OptionalText("parentRunId"u8));
        return members.Problem is { } problem ? problem : input;
    }
}
