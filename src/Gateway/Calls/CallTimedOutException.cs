namespace LeadGrain.Gateway.Calls;

/// <summary>A grain did not answer in time. What was asked may or may not have been done.</summary>
internal sealed class CallTimedOutException(TimeSpan limit, Exception innerException)
    : Exception($"No answer from the grain within {limit}.", innerException);
