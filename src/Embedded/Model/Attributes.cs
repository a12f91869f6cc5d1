namespace LeadGrain.Embedded;

/// <summary>Marks a type that travels between grains. Documentation only here: nothing leaves the process.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum)]
public sealed class GenerateSerializerAttribute : Attribute;

/// <summary>Marks a type that is never changed once made, and so is passed without a copy.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Field | AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class ImmutableAttribute : Attribute;

/// <summary>Lets a method's calls interleave with every other call of the activation, at its awaits.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AlwaysInterleaveAttribute : Attribute;
