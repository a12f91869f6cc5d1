using LeadGrain.Gateway.Idempotency;

namespace LeadGrain.Gateway.Problems;

/// <summary>A refusal or failure as it is answered (RFC 9457).</summary>
internal sealed record Problem(int Status, string Code, string Title, string Detail)
{
    // Long enough to spread a herd, short enough for a failover of a second or two.
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(1);

    /// <summary>The member, parameter or header at fault, such as <c>leads[3].email</c>.</summary>
    public string? Member { get; init; }

    /// <summary>When asking again makes sense; rounded up to whole seconds on the wire.</summary>
    public TimeSpan? RetryAfter { get; init; }

    internal static Problem InvalidJson(string detail) => new(400, ProblemCodes.InvalidJson, "Invalid JSON", detail);

    internal static Problem InvalidText(string detail) => new(400, ProblemCodes.InvalidText, "Invalid text", detail);

    internal static Problem DuplicateMember(string member) =>
        new(400, ProblemCodes.DuplicateMember, "Duplicate member", $"{member} is given more than once.") { Member = member };

    internal static Problem MissingMember(string member) =>
        new(400, ProblemCodes.MissingMember, "Missing member", $"{member} is required.") { Member = member };

    internal static Problem InvalidMember(string member, string must) =>
        new(400, ProblemCodes.InvalidMember, "Invalid member", $"{member} {must}") { Member = member };

    internal static Problem TooManyLeads(int limit) =>
        new(400, ProblemCodes.TooManyLeads, "Too many leads", $"leads must hold at most {limit} leads; push the rest in further calls.") { Member = "leads" };

    internal static Problem InvalidParameter(string name, string must) =>
        new(400, ProblemCodes.InvalidParameter, "Invalid parameter", $"{name} {must}") { Member = name };

    internal static Problem InvalidNext() =>
        new(400, ProblemCodes.InvalidNext, "Invalid page token", "next must be the token of an earlier answer to the same query.") { Member = "next" };

    internal static Problem InvalidHeader(string name, string must) =>
        new(400, ProblemCodes.InvalidHeader, "Invalid header", $"{name} {must}") { Member = name };

    internal static Problem InvalidIdempotencyKey(string must) =>
        new(400, ProblemCodes.InvalidIdempotencyKey, "Invalid idempotency key", $"{IdempotencyKey.Header} {must}") { Member = IdempotencyKey.Header };

    internal static Problem Unauthorized() =>
        new(401, ProblemCodes.Unauthorized, "Unauthorized", "X-API-Key is missing or wrong.") { Member = "X-API-Key" };

    // One answer to all that does not hold, so that it tells nobody which organizations there are.
    internal static Problem DeliveryUnproven() =>
        new(401, ProblemCodes.Unauthorized, "Unauthorized", "The delivery's signature or token does not hold.");

    internal static Problem Forbidden() =>
        new(403, ProblemCodes.Forbidden, "Forbidden", "This takes the grid's key, or a key of the organization with the scope admin.") { Member = "X-API-Key" };

    internal static Problem GridKeyNeeded() =>
        new(403, ProblemCodes.Forbidden, "Forbidden", "This takes the grid's key.") { Member = "X-API-Key" };

    internal static Problem OrganizationMismatch(string header) =>
        new(403, ProblemCodes.OrganizationMismatch, "Organization mismatch", $"The key acts for another organization than {header} names.") { Member = header };

    internal static Problem RuleNotFound() =>
        new(404, ProblemCodes.RuleNotFound, "Rule not found", "The organization has no such routing rule.") { Member = "id" };

    internal static Problem LeadNotFound() =>
        new(404, ProblemCodes.LeadNotFound, "Lead not found", "The organization has no such routed lead.") { Member = "id" };

    internal static Problem KeyNotFound() =>
        new(404, ProblemCodes.KeyNotFound, "Key not found", "The organization has no such key.") { Member = "id" };

    internal static Problem SecretNotFound() =>
        new(404, ProblemCodes.SecretNotFound, "Secret not found", "The organization keeps no secret of this name.") { Member = "name" };

    internal static Problem ChangedMeanwhile() =>
        new(409, ProblemCodes.ChangedMeanwhile, "Changed meanwhile", "It was changed at the same time. Read it again.") { RetryAfter = s_soon };

    internal static Problem TooManyRules(int limit) =>
        new(409, ProblemCodes.TooManyRules, "Too many rules", $"An organization has at most {limit} routing rules.");

    internal static Problem NamespaceNotFound() =>
        new(404, ProblemCodes.NamespaceNotFound, "Namespace not found", "Nothing was ever pushed to this namespace.") { Member = "namespace" };

    internal static Problem CampaignNotFound() =>
        new(404, ProblemCodes.CampaignNotFound, "Campaign not found", "No campaign of this id is set up.") { Member = "campaign" };

    internal static Problem NoSigningSecret() =>
        new(409, ProblemCodes.NoSigningSecret, "No signing secret", "Only a webhook's campaign has a signing secret.") { Member = "campaign" };

    internal static Problem BadSignature() =>
        new(401, ProblemCodes.BadSignature, "Bad signature", "The signature is missing or wrong, or the organization is not known.");

    internal static Problem RequestInProgress() =>
        new(409, ProblemCodes.RequestInProgress, "Request in progress", "The first request with this Idempotency-Key has no answer yet.")
        {
            Member = IdempotencyKey.Header,
            RetryAfter = TimeSpan.FromSeconds(1),
        };

    internal static Problem BodyTooLarge(long limit) =>
        new(413, ProblemCodes.BodyTooLarge, "Body too large", $"The body must be at most {limit} bytes.");

    internal static Problem UnsupportedMediaType() =>
        new(415, ProblemCodes.UnsupportedMediaType, "Unsupported media type", "The body must be application/json in UTF-8.");

    internal static Problem IdempotencyKeyReused() =>
        new(422, ProblemCodes.IdempotencyKeyReused, "Idempotency key reused", "Another request, with another body, had this Idempotency-Key.")
        {
            Member = IdempotencyKey.Header,
        };

    internal static Problem RateLimited(TimeSpan retryAfter) =>
        new(429, ProblemCodes.RateLimited, "Rate limited", "The organization asks more often than its limit allows.") { RetryAfter = retryAfter };

    internal static Problem TooManyInFlight() =>
        new(429, ProblemCodes.TooManyInFlight, "Too many in flight", "The organization has too many requests under way.") { RetryAfter = s_soon };

    // Room comes with the next acknowledgement or expiry.
    internal static Problem TooManyLeases() =>
        new(429, ProblemCodes.TooManyLeases, "Too many leases", "As many leads of this namespace are on lease or on a delay as may be. Acknowledge some first.")
        {
            RetryAfter = s_soon,
        };

    internal static Problem Overloaded() =>
        Unavailable(ProblemCodes.Overloaded, "Overloaded", "Too many requests are under way.");

    internal static Problem OverloadedByBodies() =>
        Unavailable(ProblemCodes.Overloaded, "Overloaded", "Too many large requests are under way, or answers to them not read yet.");

    // Somebody has to set it first.
    internal static Problem SecretsNotConfigured() =>
        Unavailable(ProblemCodes.SecretsNotConfigured, "Secrets not configured", "The grid has no key ring to seal secrets with: set SECRET_KEYS.") with
        {
            RetryAfter = TimeSpan.FromMinutes(1),
        };

    internal static Problem StorageUnavailable() =>
        Unavailable(ProblemCodes.StorageUnavailable, "Storage unavailable", "The database cannot be reached.");

    internal static Problem NotReady() =>
        Unavailable(ProblemCodes.NotReady, "Not ready", "Starting, stopping or handing over. Nothing was done.");

    internal static Problem TimedOut() =>
        Unavailable(ProblemCodes.TimedOut, "Timed out", "No answer in time. What was asked may or may not have been done.");

    internal static Problem InternalError() =>
        new(500, ProblemCodes.InternalError, "Internal error", "A fault of ours. It was recorded under the request id.");

    /// <summary>What a bare status says.</summary>
    internal static Problem OfStatus(int status) => status switch
    {
        404 => new(404, ProblemCodes.NotFound, "Not found", "There is no such route."),
        405 => new(405, ProblemCodes.MethodNotAllowed, "Method not allowed", "The route has other methods; see Allow."),
        408 => new(408, ProblemCodes.RequestTimeout, "Request timeout", "The body came too slowly."),
        413 => new(413, ProblemCodes.BodyTooLarge, "Body too large", "The body is larger than the route takes."),
        415 => UnsupportedMediaType(),
        >= 500 => InternalError() with { Status = status },
        _ => new(status, ProblemCodes.BadRequest, "Bad request", "The request is not valid HTTP."),
    };

    private static Problem Unavailable(string code, string title, string detail) => new(503, code, title, detail) { RetryAfter = s_soon };
}
