namespace LeadGrain.Sandbox.Apollo;

/// <summary>How a <see cref="FakeApollo"/> is set up.</summary>
public sealed class FakeApolloOptions
{
    /// <summary>The key that callers must send as x-api-key.</summary>
    public string ApiKey { get; init; } = "sandbox-apollo-key";

    /// <summary>Requests a minute; null for no limit. The vendor allows 1,000 on paid plans, 50 on the free one.</summary>
    public int? RatePerMinute { get; init; } = 1_000;

    /// <summary>Loopback port; 0 for any free one.</summary>
    public int Port { get; init; }

    /// <summary>The clock of the book and of the rate limit.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
