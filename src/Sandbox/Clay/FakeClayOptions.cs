namespace LeadGrain.Sandbox.Clay;

/// <summary>How a <see cref="FakeClay"/> is set up.</summary>
public sealed class FakeClayOptions
{
    /// <summary>The secret of X-Clay-Signature: the organization's secret clay-hmac must be the same.</summary>
    public string Secret { get; init; } = "sandbox-clay-secret";

    /// <summary>Whether the signature is bare hex, without <c>sha256=</c>.</summary>
    public bool BareHex { get; init; }

    /// <summary>The part of the rows that is posted twice, 0 to 1.</summary>
    public double Repeats { get; init; } = 0.1;

    /// <summary>Decides which, and who the people are.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>How often a row is tried where the answer is 5xx, 429 or does not come.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>Loopback port; 0 for any free one.</summary>
    public int Port { get; init; }

    /// <summary>The clock of the waits between tries.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>A row's delivery.</summary>
/// <param name="Email">Whose row.</param>
/// <param name="Status">The last answer's status; 0 where none came.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="Answer">The last answer's body.</param>
public sealed record ClayDelivery(string Email, int Status, int Attempts, string Answer);
