namespace LeadGrain.Bench.Target;

/// <summary>Which build of the product.</summary>
internal enum HostKind
{
    /// <summary>One process.</summary>
    Embedded,

    /// <summary>One silo with the gateway inside.</summary>
    Orleans,
}
