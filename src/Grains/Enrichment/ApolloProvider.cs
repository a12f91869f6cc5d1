using System.Net;
using System.Net.Http.Headers;
using LeadGrain.GrainInterfaces.Enrichment;
using LeadGrain.GrainInterfaces.Outbound;
using LeadGrain.Grains.Outbound;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Enrichment;

/// <summary>Apollo's people/match: one person by email.</summary>
internal sealed class ApolloProvider(IHttpClientFactory clients, IOptions<EnrichmentOptions> options, TimeProvider time) : IEnrichmentProvider
{
    /// <summary>Name of the HTTP client, which must not follow redirects: the key would go along.</summary>
    public const string Client = "leadgrain.apollo";

    public static readonly Uri VendorUrl = new("https://api.apollo.io/api/v1");

    public string Name => "apollo";

    public bool IsConfigured => options.Value.HasApollo;

    public async Task<ProviderAnswer> FindAsync(string email, CancellationToken cancellationToken)
    {
        using var client = clients.CreateClient(Client);
        using var request = Request(email);
        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return response.IsSuccessStatusCode
                ? await ReadAsync(response, cancellationToken)
                : Failure(response.StatusCode, RetryAfter.Of(response.Headers, time.GetUtcNow()));
        }
        catch (HttpRequestException e)
        {
            return new ProviderAnswer.Failed(ProviderFailure.Unavailable, null, NeverAsked(e) ? 0 : null);
        }
    }

    /// <summary>How a status that is not 2xx fails. Pure.</summary>
    public static ProviderAnswer.Failed Failure(HttpStatusCode status, TimeSpan? retryAfter)
    {
        var kind = (int)status switch
        {
            401 or 402 or 403 => ProviderFailure.Refused,
            408 => ProviderFailure.TimedOut,
            429 => ProviderFailure.Throttled,
            >= 500 => ProviderFailure.Unavailable,
            // Redirects too: the base address is wrong, and asking again does not mend it.
            _ => ProviderFailure.Rejected,
        };
        return new ProviderAnswer.Failed(kind, (int)status, 0, retryAfter);
    }

    private async Task<ProviderAnswer> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            await response.Content.LoadIntoBufferAsync(options.Value.MaxResponseBytes, cancellationToken);
            return ApolloAnswer.Read(await response.Content.ReadAsByteArrayAsync(cancellationToken), (int)response.StatusCode);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return new ProviderAnswer.Failed(ProviderFailure.Unreadable, (int)response.StatusCode, null);
        }
    }

    private static bool NeverAsked(HttpRequestException failure) => failure.HttpRequestError
        is HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError;

    private HttpRequestMessage Request(string email)
    {
        var url = OutboundUrl.Below(options.Value.ApolloUrl ?? VendorUrl, $"people/match?email={Uri.EscapeDataString(email)}");
        var request = new HttpRequestMessage(HttpMethod.Post, url);
        request.Headers.UserAgent.Add(OutboundUrl.UserAgent);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (!string.IsNullOrWhiteSpace(options.Value.ApolloKey))
        {
            request.Headers.Add("x-api-key", options.Value.ApolloKey);
        }

        return request;
    }
}
