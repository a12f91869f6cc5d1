namespace LeadGrain.Embedded.Hosting;

/// <summary>This process does not own the database now: it is a standby, is starting or has lost it. Nothing was done.</summary>
public sealed class NotOwnerException : Exception
{
    /// <summary>With the plain message.</summary>
    public NotOwnerException()
        : base("This process does not own the database now.")
    {
    }

    /// <summary>With a message of one's own.</summary>
    public NotOwnerException(string message)
        : base(message)
    {
    }

    /// <summary>With the cause.</summary>
    public NotOwnerException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
