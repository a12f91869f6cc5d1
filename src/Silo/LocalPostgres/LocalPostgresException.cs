namespace LeadGrain.Silo;

/// <summary>The private PostgreSQL cannot be had. The message is written for whoever starts the host.</summary>
internal sealed class LocalPostgresException : Exception
{
    public LocalPostgresException(string message) : base(message)
    {
    }

    public LocalPostgresException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
