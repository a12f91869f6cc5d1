namespace LeadGrain.Tests;

/// <summary>Tests that measure the process: none runs beside another.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
