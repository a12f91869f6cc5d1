namespace LeadGrain.Embedded;

/// <summary>Why an activation is put away.</summary>
/// <param name="code">Kind of reason.</param>
/// <param name="text">In words.</param>
public readonly struct DeactivationReason(DeactivationReasonCode code, string text)
{
    /// <summary>In words.</summary>
    public string Description { get; } = text;

    /// <summary>Kind of reason.</summary>
    public DeactivationReasonCode ReasonCode { get; } = code;
}

/// <summary>Kinds of reasons to put an activation away.</summary>
public enum DeactivationReasonCode : byte
{
    /// <summary>Not given.</summary>
    None = 0,

    /// <summary>The host is stopping.</summary>
    ShuttingDown = 1,

    /// <summary>Activating failed.</summary>
    ActivationFailed = 2,

    /// <summary>Unused for too long.</summary>
    ActivationIdle = 4,

    /// <summary>A call failed in a way that says the activation is out of date.</summary>
    ApplicationError = 8,

    /// <summary>The grain asked for it.</summary>
    ApplicationRequested = 9,
}
