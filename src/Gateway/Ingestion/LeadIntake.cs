using LeadGrain.Gateway.Calls;
using LeadGrain.GrainInterfaces.Faults;
using LeadGrain.GrainInterfaces.Ingestion;
using LeadGrain.GrainInterfaces.Organizations;
using Microsoft.Extensions.Options;

namespace LeadGrain.Gateway.Ingestion;

/// <summary>Hands posts to their organization's grain; where that does not answer, they are kept without it.</summary>
internal sealed class LeadIntake(GrainCalls calls, IPostKeeper keeper, IOptions<IngestionGatewayOptions> options, TimeProvider time)
{
    private readonly TimeSpan _wait = options.Value.CommitWait;

    /// <exception cref="StorageUnavailableException">Neither the grain nor this process could write it.</exception>
    /// <exception cref="TimeoutException">The database does not answer in time. The post may or may not have been kept.</exception>
    /// <remarks>Without a token of the request: a sender that hangs up when its bytes are read has posted a lead, and may not post it again.</remarks>
    internal async Task<PostOutcome> TakeAsync(Tenant tenant, RawPost post)
    {
        // Chosen here, so that a grain that goes on unheard and the keeper commit one and the same.
        post = post with { Id = keeper.NextId() };
        try
        {
            return await WaitAsync(givenUp => calls.CallAsync<IIngestionGrain, RawPost, PostOutcome>(
                tenant.GrainKey, post, static (grain, post, token) => grain.IngestAsync(post, token), givenUp));
        }
        catch (Exception unanswered) when (unanswered is CallTimedOutException or TimeoutException or OwnershipLostException)
        {
            return await WaitAsync(givenUp => keeper.KeepAsync(tenant, post, givenUp));
        }
    }

    // Who waits no longer says so: a post that no commit has taken by then is not written behind its sender's back.
    private async Task<PostOutcome> WaitAsync(Func<CancellationToken, Task<PostOutcome>> take)
    {
        using var givenUp = new CancellationTokenSource();
        try
        {
            return await take(givenUp.Token).WaitAsync(_wait, time);
        }
        catch (TimeoutException)
        {
            await givenUp.CancelAsync();
            throw;
        }
    }
}
