using LeadGrain.GrainInterfaces.Outbound;
using LeadGrain.Grains.Outbound;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Campaigns;

/// <summary>Makes the requests of targets: within a time, an answer within a size, no redirects, no exceptions.</summary>
internal sealed class CampaignHttp(IHttpClientFactory clients, IOptions<CampaignOptions> options, TimeProvider time)
{
    /// <summary>Names the HTTP client.</summary>
    internal const string Client = "leadgrain.campaigns";

    /// <summary>Sends one request.</summary>
    /// <param name="request">Sent and disposed.</param>
    /// <param name="cancellationToken">The host's end.</param>
    /// <param name="readsBody">False where the status says all.</param>
    internal async Task<OutboundReply> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken, bool readsBody = true)
    {
        using var own = request;
        using var client = clients.CreateClient(Client);
        using var limit = new CancellationTokenSource(options.Value.CallTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        request.Headers.UserAgent.Add(OutboundUrl.UserAgent);
        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            var body = readsBody ? await ReadAsync(response.Content, either.Token) : [];
            return new OutboundReply.Answered(response.StatusCode, body, RetryAfter.Of(response.Headers, time.GetUtcNow()));
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return new OutboundReply.Lost("timed out");
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException)
        {
            // The messages hold addresses.
            return new OutboundReply.Lost(fault is HttpRequestException { HttpRequestError: not HttpRequestError.Unknown and var error }
                ? $"no answer ({error})" : "no answer");
        }
    }

    private async Task<byte[]> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        await content.LoadIntoBufferAsync(options.Value.MaxResponseBytes, cancellationToken);
        return await content.ReadAsByteArrayAsync(cancellationToken);
    }
}
