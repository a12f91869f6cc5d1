using System.Collections.Immutable;

namespace LeadGrain.GrainInterfaces.Gate;

/// <summary>How healthy a lead is.</summary>
public enum HealthClass
{
    /// <summary>Nothing of weight tells against it.</summary>
    Green,

    /// <summary>Something does, but it goes on.</summary>
    Yellow,

    /// <summary>It is blocked.</summary>
    Red,
}

/// <summary>The health gate's judgement of a lead.</summary>
/// <param name="Class">GREEN, YELLOW or RED.</param>
/// <param name="Score">0 to 100.</param>
/// <param name="Checks">What told against the lead.</param>
[GenerateSerializer, Immutable]
public sealed record Health(HealthClass Class, int Score, ImmutableArray<HealthCheck> Checks)
{
    /// <summary>The class as it is on the wire and in the database.</summary>
    public string Word => Class switch
    {
        HealthClass.Green => "GREEN",
        HealthClass.Yellow => "YELLOW",
        _ => "RED",
    };
}

/// <summary>A check that told against a lead.</summary>
/// <param name="Name">Stable, to branch on.</param>
/// <param name="Points">What it took off the score.</param>
/// <param name="Reason">For people; names no email.</param>
[GenerateSerializer, Immutable]
public sealed record HealthCheck(string Name, int Points, string Reason);
