using LeadGrain.Gateway.Calls;
using LeadGrain.Gateway.Problems;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Ingestion;
using Microsoft.AspNetCore.Http;

namespace LeadGrain.Gateway.Errors;

/// <summary>Which faults have an answer of their own.</summary>
internal static class FaultMap
{
    /// <summary>The answer to a fault that is not a bug; null for all others.</summary>
    internal static Problem? Find(Exception fault) => fault switch
    {
        StorageUnavailableException => Problem.StorageUnavailable(),
        OwnershipLostException => Problem.NotReady(),
        OverloadedException => Problem.Overloaded(),
        CallTimedOutException or TimeoutException => Problem.TimedOut(),
        SecretsNotConfiguredException => Problem.SecretsNotConfigured(),
        BadHttpRequestException { InnerException: { } inner } when ContentCoding.IsBroken(inner)
            => Problem.OfStatus(400) with { Detail = "The body is not what its Content-Encoding says." },
        BadHttpRequestException bad => Problem.OfStatus(bad.StatusCode),
        _ => null,
    };
}
