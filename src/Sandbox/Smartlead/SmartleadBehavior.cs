namespace LeadGrain.Sandbox.Smartlead;

/// <summary>What the fake does with a request.</summary>
public abstract record SmartleadBehavior
{
    private protected SmartleadBehavior()
    {
    }

    /// <summary>Answers as the vendor does.</summary>
    public sealed record Answer : SmartleadBehavior;

    /// <summary>Waits so long, then goes on.</summary>
    public sealed record Delay(TimeSpan Span, SmartleadBehavior Then) : SmartleadBehavior;

    /// <summary>Waits for a signal, then goes on.</summary>
    public sealed record WaitFor(Task Signal, SmartleadBehavior Then) : SmartleadBehavior;

    /// <summary>An error status with its usual body, or a flatter one.</summary>
    /// <param name="Status">The status.</param>
    /// <param name="Body">The form of its body.</param>
    /// <param name="RetryAfter">Retry-After as it is sent, seconds or a date; null for none.</param>
    public sealed record Fails(int Status, SmartleadErrorBody Body = SmartleadErrorBody.Nested, string? RetryAfter = null) : SmartleadBehavior;

    /// <summary>429, whatever the rate.</summary>
    /// <param name="Header">Retry-After as it is sent, seconds or a date; null for none.</param>
    /// <param name="Body">error.retry_after, in seconds; null for none.</param>
    public sealed record Throttled(string? Header, int? Body) : SmartleadBehavior;

    /// <summary>200 {ok: false, is_lead_limit_exhausted: true}.</summary>
    public sealed record Exhausted : SmartleadBehavior;

    /// <summary>Takes the leads, then cuts the connection before it answers.</summary>
    public sealed record AcceptAndCut : SmartleadBehavior;

    /// <summary>Cuts the connection and takes nothing.</summary>
    public sealed record Cut : SmartleadBehavior;

    /// <summary>Takes the leads, and sends half of the answer.</summary>
    public sealed record AcceptAndTruncate : SmartleadBehavior;

    /// <summary>200 with a page of text/html, as a proxy in between would send; takes nothing.</summary>
    public sealed record HtmlPage : SmartleadBehavior;

    /// <summary>Never answers.</summary>
    public sealed record Hang : SmartleadBehavior;

    /// <summary>307 to another address.</summary>
    public sealed record Redirect(Uri To) : SmartleadBehavior;

    /// <summary>200 with this body; takes nothing.</summary>
    public sealed record Says(string Json) : SmartleadBehavior;
}

/// <summary>The forms in which the vendor words errors.</summary>
public enum SmartleadErrorBody
{
    /// <summary>{error: {code, message, details}}</summary>
    Nested,

    /// <summary>{message}</summary>
    Message,

    /// <summary>{error: "..."}</summary>
    Text,

    /// <summary>No body.</summary>
    None,
}
