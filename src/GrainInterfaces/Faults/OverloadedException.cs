namespace LeadGrain.GrainInterfaces.Faults;

/// <summary>More is asked than can be done now. Nothing was done: ask again in a moment.</summary>
[GenerateSerializer]
public sealed class OverloadedException : Exception
{
    /// <summary>For the serializer.</summary>
    public OverloadedException()
    {
    }

    /// <summary>Names what is overloaded.</summary>
    public OverloadedException(string message)
        : base(message)
    {
    }

    /// <summary>Names what is overloaded and why.</summary>
    public OverloadedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
