namespace LeadGrain.Sandbox.Apollo;

/// <summary>One call in the fake's book.</summary>
/// <param name="Time">When it came.</param>
/// <param name="Path">What it asked.</param>
/// <param name="Email">For whom; null where it named no email, and for a bulk call, which has a row for each of its people.</param>
/// <param name="Outcome">What the fake did: matched, nobody, or the name of the failure.</param>
/// <param name="Credits">What it cost.</param>
public sealed record ApolloCall(DateTimeOffset Time, string Path, string? Email, string Outcome, int Credits);
