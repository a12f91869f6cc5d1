using System.Text.Json;
using LeadGrain.Gateway.Json;

namespace LeadGrain.Gateway.Buffer;

/// <summary>A pull as read from its body.</summary>
internal sealed record NextInput(string Namespace, string? ParentRunId)
{
    internal static Parsed<NextInput> Read(JsonElement root)
    {
        var members = new MemberReader(root);
        var input = new NextInput(members.RequiredName("namespace"u8), members.OptionalText("parentRunId"u8));
        return members.Problem is { } problem ? problem : input;
    }
}
