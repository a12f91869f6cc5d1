using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Access;

namespace LeadGrain.Gateway.Access;

/// <summary>A key to make, as read from its body.</summary>
internal sealed record KeyInput(string Name, string Scope)
{
    internal static Parsed<KeyInput> Read(JsonElement root)
    {
        var members = new MemberReader(root);
        var name = members.RequiredName("name"u8);
        var scope = members.OptionalText("scope"u8) ?? KeyScope.Use;
        return members.Problem is { } problem ? problem
            : scope is KeyScope.Use or KeyScope.Admin ? new KeyInput(name, scope)
            : Problem.InvalidMember("scope", $"must be {KeyScope.Use} or {KeyScope.Admin}.");
    }
}
