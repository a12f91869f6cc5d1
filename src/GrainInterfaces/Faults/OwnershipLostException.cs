namespace LeadGrain.GrainInterfaces.Faults;

/// <summary>
/// This process or activation no longer owns what was asked for, or does not own it yet. Nothing was done: the call
/// can be repeated, and will find the present owner.
/// </summary>
[GenerateSerializer]
public sealed class OwnershipLostException : Exception
{
    /// <summary>For the serializer.</summary>
    public OwnershipLostException()
    {
    }

    /// <summary>Names what is not owned.</summary>
    public OwnershipLostException(string message) : base(message)
    {
    }

    /// <summary>Names what is not owned and why.</summary>
    public OwnershipLostException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
