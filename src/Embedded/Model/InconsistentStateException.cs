using LeadGrain.Embedded.Runtime;

namespace LeadGrain.Embedded;

/// <summary>
/// A state was written under a version that is not the stored one. Where a grain's call lets it out, its activation is put
/// away, and the next one reads the state anew.
/// </summary>
public class InconsistentStateException : Exception
{
    /// <summary>Without a message.</summary>
    public InconsistentStateException()
    {
    }

    /// <summary>With a message.</summary>
    public InconsistentStateException(string message)
        : base(message)
    {
    }

    /// <summary>With the cause.</summary>
    public InconsistentStateException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>With both versions.</summary>
    public InconsistentStateException(string errorMsg, string? storedEtag, string? currentEtag)
        : base(errorMsg) => (StoredEtag, CurrentEtag) = (storedEtag, currentEtag);

    /// <summary>The version in the storage, where it is known.</summary>
    public string? StoredEtag { get; }

    /// <summary>The version of the copy in memory.</summary>
    public string? CurrentEtag { get; }

    /// <summary>Whose state it was.</summary>
    internal Activation? Owner { get; init; }
}
