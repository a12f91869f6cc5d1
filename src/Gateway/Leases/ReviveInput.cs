using System.Collections.Immutable;
using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.Gateway.Problems;

namespace LeadGrain.Gateway.Leases;

/// <summary>Which dead leads to put back, as read from a body.</summary>
/// <param name="Ids">Null for all.</param>
internal sealed record ReviveInput(ImmutableArray<Guid>? Ids)
{
    internal const int MaxIds = 1_000;

    internal static Parsed<ReviveInput> Read(JsonElement root)
    {
        var members = new MemberReader(root);
        var ids = members.OptionalIds("ids"u8, MaxIds);
        var all = members.OptionalTrue("all"u8);
        if (members.Problem is { } problem)
        {
            return problem;
        }

        return (ids.IsDefault, all) switch
        {
            (true, true) => new ReviveInput((ImmutableArray<Guid>?)null),
            (false, false) => new ReviveInput(ids),
            (false, true) => Problem.InvalidMember("all", "must not be given together with ids."),
            (true, false) => Problem.MissingMember("ids") with { Detail = "ids is required, or all: true." },
        };
    }
}
