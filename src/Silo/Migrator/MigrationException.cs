namespace LeadGrain.Silo;

/// <summary>The database's schema cannot be brought to this version. The message is written for operators.</summary>
internal sealed class MigrationException : Exception
{
    public MigrationException(string message) : base(message)
    {
    }

    public MigrationException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
