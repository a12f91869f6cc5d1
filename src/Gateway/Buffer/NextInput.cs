using System.Text.Json;
using LeadGrain.Gateway.Json;
using LeadGrain.GrainInterfaces.Buffer;

namespace LeadGrain.Gateway.Buffer;

/// <summary>A pull as read from its body.</summary>
/// <param name="Namespace">From where.</param>
/// <param name="ParentRunId">The run that it is reported to.</param>
/// <param name="Command">What is asked for, without a wait.</param>
/// <param name="Bulk">Whether the answer is an array, because a count was given.</param>
/// <param name="Wait">How long the caller waits for a lead.</param>
internal sealed record NextInput(string Namespace, string? ParentRunId, PullCommand Command, bool Bulk, TimeSpan Wait)
{
    /// <summary>What proxies between here and the caller bear with, in seconds.</summary>
    internal const int MaxWaitSeconds = 30;

    internal static Parsed<NextInput> Read(JsonElement root)
    {
        var members = new MemberReader(root);
        var name = members.RequiredName("namespace"u8);
        var parentRunId = members.OptionalText("parentRunId"u8);
        var count = members.OptionalInteger("count"u8, 1, PullCommand.MaxCount);
        var lease = members.OptionalInteger("leaseSeconds"u8, 1, LeaseSeconds.Most);
        var wait = members.OptionalInteger("waitSeconds"u8, 0, MaxWaitSeconds);
        if (members.Problem is { } problem)
        {
            return problem;
        }

        // The plain pull is the hot one: it shares its command.
        var command = count is null or 1 && lease is null
            ? PullCommand.One
            : new PullCommand(count ?? 1, lease is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
        return new NextInput(name, parentRunId, command, count is not null, TimeSpan.FromSeconds(wait ?? 0));
    }
}

/// <summary>Bounds what callers say in seconds.</summary>
internal static class LeaseSeconds
{
    /// <summary>The longest lease, and the longest delay.</summary>
    internal static readonly int Most = (int)PullCommand.MaxLease.TotalSeconds;
}
