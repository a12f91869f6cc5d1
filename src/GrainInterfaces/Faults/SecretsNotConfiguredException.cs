namespace LeadGrain.GrainInterfaces.Faults;

/// <summary>A secret was to be kept, and the grid has no key ring.</summary>
[GenerateSerializer]
public sealed class SecretsNotConfiguredException : Exception
{
    /// <summary>Says so.</summary>
    public SecretsNotConfiguredException() : base("SECRET_KEYS is not set, so no secret can be kept.")
    {
    }

    /// <summary>For the serializer.</summary>
    public SecretsNotConfiguredException(string message) : base(message)
    {
    }

    /// <summary>For the serializer.</summary>
    public SecretsNotConfiguredException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
