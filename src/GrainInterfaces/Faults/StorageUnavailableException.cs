namespace LeadGrain.GrainInterfaces.Faults;

/// <summary>The database could not be reached or broke off. What was asked may or may not have been done.</summary>
[GenerateSerializer]
public sealed class StorageUnavailableException : Exception
{
    /// <summary>For the serializer.</summary>
    public StorageUnavailableException()
    {
    }

    /// <summary>Names the failed step.</summary>
    public StorageUnavailableException(string message) : base(message)
    {
    }

    /// <summary>Names the failed step and its cause.</summary>
    public StorageUnavailableException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
