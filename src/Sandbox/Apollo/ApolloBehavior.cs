namespace LeadGrain.Sandbox.Apollo;

/// <summary>What the fake does with a call.</summary>
public abstract record ApolloBehavior
{
    private protected ApolloBehavior()
    {
    }

    /// <summary>Answers as the vendor does.</summary>
    public sealed record Answer : ApolloBehavior;

    /// <summary>Waits so long, then goes on.</summary>
    public sealed record Delay(TimeSpan Span, ApolloBehavior Then) : ApolloBehavior;

    /// <summary>Waits for a signal, then goes on.</summary>
    public sealed record WaitFor(Task Signal, ApolloBehavior Then) : ApolloBehavior;

    /// <summary>401, text/plain.</summary>
    public sealed record Unauthorized : ApolloBehavior;

    /// <summary>403 {error, error_code: API_INACCESSIBLE}: the plan does not include the call.</summary>
    public sealed record Inaccessible : ApolloBehavior;

    /// <summary>422 {error}.</summary>
    public sealed record Unprocessable : ApolloBehavior;

    /// <summary>429 {message}.</summary>
    /// <param name="RetryAfter">The header's value, seconds or an HTTP date; null for none.</param>
    public sealed record Throttled(string? RetryAfter) : ApolloBehavior;

    /// <summary>A bare status, such as 500 or 503, with an HTML page.</summary>
    public sealed record Broken(int Status) : ApolloBehavior;

    /// <summary>Never answers.</summary>
    public sealed record Hang : ApolloBehavior;

    /// <summary>200 with the first half of the JSON.</summary>
    public sealed record TruncatedJson : ApolloBehavior;

    /// <summary>200 with a page of text/html, as a proxy in between would send.</summary>
    public sealed record HtmlPage : ApolloBehavior;

    /// <summary>Closes the connection without a word.</summary>
    public sealed record CloseConnection : ApolloBehavior;

    /// <summary>200, then closes the connection in the middle of the body.</summary>
    public sealed record CutBody : ApolloBehavior;

    /// <summary>307 to another address.</summary>
    public sealed record Redirect(Uri To) : ApolloBehavior;

    /// <summary>200 with at least so many bytes of valid JSON.</summary>
    public sealed record HugeBody(int Bytes) : ApolloBehavior;

    /// <summary>200 with this body, as JSON.</summary>
    public sealed record Body(string Json) : ApolloBehavior;
}
