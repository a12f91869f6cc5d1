namespace LeadGrain.CrashTests;

/// <summary>Tests that measure, or leave no processor to others: none runs beside another.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    internal const string Name = "alone";
}
