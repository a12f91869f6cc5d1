using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using LeadGrain.GrainInterfaces.Buffer;
using LeadGrain.GrainInterfaces.Campaigns;
using LeadGrain.Grains.Outbound;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Campaigns;

/// <summary>Adds leads to a campaign of Smartlead's.</summary>
internal sealed partial class SmartleadTarget(
    CampaignHttp http, CampaignSecrets secrets, RateBudget budget, IOptions<CampaignOptions> options, TimeProvider time, ILogger<SmartleadTarget> log)
    : ICampaignTarget
{
    // A limit may be corrected meanwhile, by this campaign or another one of the key.
    private static readonly TimeSpan s_longestOwnWait = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public string Kind => "smartlead";

    /// <inheritdoc/>
    public int BatchLimit(PushOrder order) => SettingsOf(order).BatchLimit ?? 100;

    /// <inheritdoc/>
    public int RequestsAtOnce => 1;

    /// <inheritdoc/>
    public async Task<PushResult[]> PushAsync(PushOrder order, IReadOnlyList<OutboundLead> leads, CancellationToken cancellationToken)
    {
        var results = new Dictionary<string, PushResult>(StringComparer.Ordinal);
        if (await secrets.SmartleadKeyAsync(order) is not var (key, isShared))
        {
            return [.. leads.Select(_ => new PushResult.Stop($"no API key: set the secret {CampaignSecrets.SmartleadKey}"))];
        }

        // The same email twice in one request would only confuse the counts.
        var distinct = leads.DistinctBy(lead => EmailKey.Of(lead.Email)).ToArray();
        var upload = new Upload(order, SettingsOf(order), key, LimitsOf(order, isShared), results);
        foreach (var chunk in distinct.Chunk(BatchLimit(order)))
        {
            await SendAsync(upload, chunk, cancellationToken);
        }

        return [.. leads.Select(lead => results[EmailKey.Of(lead.Email)])];
    }

    private static SmartleadSettings SettingsOf(PushOrder order) => SetFor(order).Over(SmartleadSettings.Default);

    private static SmartleadSettings SetFor(PushOrder order)
        => (order.Settings is CampaignSettings.Smartlead settings ? settings.Own : new SmartleadSettings()).Over(order.Smartlead);

    /// <summary>Sends some leads in one request; by halves, where the answer does not tell which of them fared how.</summary>
    private async Task SendAsync(Upload upload, ArraySegment<OutboundLead> leads, CancellationToken cancellationToken)
    {
        if (upload.End is { } end)
        {
            Give(upload, leads, end);
            return;
        }

        switch (await AskAsync(upload, leads, cancellationToken))
        {
            case Reply.ForAll(var result):
                Give(upload, leads, result);
                upload.End = result is PushResult.RetryAt later ? later with { Counts = false, Asked = false } : result as PushResult.Stop;
                break;
            case Reply.ForEach(var byEmail):
                Array.ForEach([.. leads], lead => Take(upload, lead, byEmail));
                upload.End = byEmail.Values.OfType<PushResult.Stop>().FirstOrDefault();
                break;
            case Reply.Apart(var byEmail, var alone):
                var unsure = leads.Where(lead => !Take(upload, lead, byEmail)).ToArray();
                if (leads.Count == 1)
                {
                    Give(upload, unsure, alone);
                    upload.End = EveryRefused(upload);
                    break;
                }

                foreach (var half in unsure.Chunk(unsure.Length < leads.Count ? unsure.Length : (unsure.Length + 1) / 2))
                {
                    await SendAsync(upload, half, cancellationToken);
                }

                break;
        }
    }

    private async Task<Reply> AskAsync(Upload upload, ArraySegment<OutboundLead> leads, CancellationToken cancellationToken)
    {
        var grain = budget.Of(options.Value.SmartleadUrl, upload.ApiKey);
        var permit = await budget.WaitAsync(grain, upload.Order.Key, upload.Limits, cancellationToken);
        if (permit.Id is not { } id)
        {
            var wait = permit.Wait < s_longestOwnWait ? permit.Wait : s_longestOwnWait;
            return new Reply.ForAll(new PushResult.RetryAt(time.GetUtcNow() + wait, "waits for the rate limit", Counts: false, Asked: false, ForAll: true));
        }

        TimeSpan? block = null;
        try
        {
            var reply = await http.SendAsync(Request(upload, leads), cancellationToken);
            block = BlockFor(reply);
            return Read(upload, leads, reply, block);
        }
        finally
        {
            await EndAsync(grain, id, block);
        }
    }

    // Where the answer is there it counts, whatever becomes of this: a permit that nobody gives back ends by itself.
    private async Task EndAsync(IRateBudgetGrain grain, Guid permit, TimeSpan? block)
    {
        try
        {
            await grain.EndAsync(permit, block, CancellationToken.None);
        }
#pragma warning disable CA1031 // Leads that the target has taken would be sent again; a silo that stops fails such calls in its own ways.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            LogNotEnded(fault.GetType().Name);
        }
    }

    /// <summary>Of a key that organizations share, what one of them sets holds for it alone, within what the process allows them all.</summary>
    private RateLimit[] LimitsOf(PushOrder order, bool isShared)
    {
        if (!isShared)
        {
            return [.. LimitsOf(SettingsOf(order))];
        }

        var set = options.Value;
        var shared = Limits(set.SmartleadRateLimit, set.SmartleadRateWindow, set.SmartleadBurstLimit);
        return SetFor(order) is { RateLimit: null, RateWindow: null, BurstLimit: null } ? [.. shared]
            : [.. shared, .. LimitsOf(SettingsOf(order)).Select(limit => limit with { Of = order.Key.Tenant.GrainKey })];
    }

    private static IEnumerable<RateLimit> LimitsOf(SmartleadSettings settings)
        => Limits(settings.RateLimit ?? 10, TimeSpan.FromSeconds(settings.RateWindow ?? 2), settings.BurstLimit);

    private static IEnumerable<RateLimit> Limits(int requests, TimeSpan window, int? burst)
    {
        yield return new RateLimit(requests, window);
        if (burst is { } most)
        {
            yield return new RateLimit(most, TimeSpan.FromSeconds(1));
        }
    }

    private HttpRequestMessage Request(Upload upload, ArraySegment<OutboundLead> leads)
    {
        var path = $"campaigns/{Uri.EscapeDataString(upload.Order.Key.CampaignId)}/leads?api_key={Uri.EscapeDataString(upload.ApiKey)}";
        var request = new HttpRequestMessage(HttpMethod.Post, OutboundUrl.Below(options.Value.SmartleadUrl, path))
        {
            Content = new ByteArrayContent(SmartleadLeads.Body(leads, upload.Settings)),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        return request;
    }

    private TimeSpan? BlockFor(OutboundReply reply)
    {
        if (reply is not OutboundReply.Answered { Status: HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= (HttpStatusCode)500 } answer)
        {
            return null;
        }

        // Without a word of when, the vendor's own window is what a 429 means; of other failures the schedule knows better.
        var said = answer.RetryAfter ?? SmartleadError.Read(answer.Body).RetryAfter;
        var wait = answer.Status == HttpStatusCode.TooManyRequests ? said ?? TimeSpan.FromSeconds(2) : said;
        return wait < options.Value.LongestThrottle ? wait : wait is null ? null : options.Value.LongestThrottle;
    }

    private Reply Read(Upload upload, ArraySegment<OutboundLead> leads, OutboundReply reply, TimeSpan? block)
    {
        if (reply is not OutboundReply.Answered answer)
        {
            return Later(((OutboundReply.Lost)reply).Why);
        }

        var status = (int)answer.Status;
        if (status is < 200 or > 299)
        {
            var error = SmartleadError.Read(answer.Body);
            LogRefused(status, error.CodeForLogs ?? "no code", leads.Count);
            var when = time.GetUtcNow() + block;
            return status == 429 ? new Reply.ForAll(new PushResult.RetryAt(when, "429: rate limit", Counts: false, ForAll: true)) : Failure(status, error, when);
        }

        var emails = leads.Select(lead => EmailKey.Of(lead.Email)).ToHashSet(StringComparer.Ordinal);
        return SmartleadAnswer.Read(answer.Body, emails) switch
        {
            SmartleadAnswer.Told told => new Reply.ForEach(told.ByEmail),
            SmartleadAnswer.Counted counted => new Reply.Apart(counted.ByEmail, new PushResult.RetryAt(null, "200 that does not say what became of the lead")),
            _ => Later("200 that cannot be read"),
        };
    }

    /// <summary>What a status that is not 2xx means; of one that passes, when the service wants to be asked again. Pure.</summary>
    internal static Reply Failure(int status, SmartleadError error, DateTimeOffset? when) => status switch
    {
        401 or 403 => new Reply.ForAll(new PushResult.Stop($"{status}: the API key was turned away")),
        402 => new Reply.ForAll(new PushResult.Stop("402: the account must be paid for")),
        404 => new Reply.ForAll(new PushResult.Stop("404: no such campaign")),
        >= 300 and < 400 => new Reply.ForAll(new PushResult.Stop($"{status}: the service's address is wrong")),
        409 when error.SaysAlready => new Reply.Apart(s_none, new PushResult.AlreadyThere()),
        408 or >= 500 => Later($"{status}", when),
        // One lead that the vendor calls invalid must not keep out those beside it.
        _ => new Reply.Apart(s_none, new PushResult.Refused($"{status}: the lead was refused", Whole: true)),
    };

    private static PushResult.Stop? EveryRefused(Upload upload)
    {
        var whole = upload.Results.Values.OfType<PushResult.Refused>().Where(refused => refused.Whole).ToArray();
        return whole.Length >= PushResult.Refused.Alike && whole.Length == upload.Results.Count ? whole[0].Every() : null;
    }

    private static readonly Dictionary<string, PushResult> s_none = [];

    private static Reply.ForAll Later(string why, DateTimeOffset? when = null) => new(new PushResult.RetryAt(when, why));

    private static bool Take(Upload upload, OutboundLead lead, IReadOnlyDictionary<string, PushResult> byEmail)
    {
        var key = EmailKey.Of(lead.Email);
        if (!byEmail.TryGetValue(key, out var result))
        {
            return false;
        }

        upload.Results[key] = result;
        return true;
    }

    private static void Give(Upload upload, IEnumerable<OutboundLead> leads, PushResult result)
    {
        foreach (var lead in leads)
        {
            upload.Results[EmailKey.Of(lead.Email)] = result;
        }
    }

    [LoggerMessage(180, LogLevel.Warning, "Smartlead refused a request of {Leads} leads with {Status}, {Code}")]
    private partial void LogRefused(int status, string code, int leads);

    [LoggerMessage(188, LogLevel.Warning, "The end of a request could not be noted for its key's rate: {Cause}")]
    private partial void LogNotEnded(string cause);

    /// <summary>What one request came to.</summary>
    internal abstract record Reply
    {
        /// <summary>The same for all of its leads; nothing more is asked for this batch.</summary>
        internal sealed record ForAll(PushResult Result) : Reply;

        /// <summary>Each lead's own.</summary>
        internal sealed record ForEach(IReadOnlyDictionary<string, PushResult> ByEmail) : Reply;

        /// <summary>Some leads' own; the others must be asked for apart, and one that is alone already gets this.</summary>
        internal sealed record Apart(IReadOnlyDictionary<string, PushResult> ByEmail, PushResult Alone) : Reply;
    }

    private sealed record Upload(
        PushOrder Order, SmartleadSettings Settings, string ApiKey, IReadOnlyList<RateLimit> Limits, Dictionary<string, PushResult> Results)
    {
        /// <summary>What the rest of the batch gets without being asked.</summary>
        internal PushResult? End { get; set; }
    }
}
