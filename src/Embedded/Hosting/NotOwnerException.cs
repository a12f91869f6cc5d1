namespace LeadGrain.Embedded.Hosting;

/// <summary>This process does not own the database now: it is a standby, is starting or has lost it.</summary>
public sealed class NotOwnerException : Exception
{
    private const string Plain = "This process does not own the database now.";

    /// <summary>With the plain message.</summary>
    public NotOwnerException()
        : base(Plain)
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

    /// <summary>Whether the call was refused before it started; otherwise its outcome is unknown.</summary>
    public bool NothingWasDone { get; private init; }

    internal static NotOwnerException Refused() => new() { NothingWasDone = true };
}
