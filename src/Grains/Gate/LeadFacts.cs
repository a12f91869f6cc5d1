using System.Collections.Immutable;

namespace LeadGrain.Grains.Gate;

/// <summary>What is known of an email beside the email itself.</summary>
/// <param name="TakesMail">Whether its domain takes mail; null where nobody could tell.</param>
/// <param name="Suppressions">The reasons for which it is on the suppression list.</param>
/// <param name="RoutedBefore">When it was routed to the same target, within the look-back; null for not at all.</param>
internal sealed record LeadFacts(bool? TakesMail, ImmutableArray<string> Suppressions, DateTimeOffset? RoutedBefore)
{
    internal static LeadFacts None { get; } = new(null, [], null);
}
