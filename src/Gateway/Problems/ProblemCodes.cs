namespace LeadGrain.Gateway.Problems;

/// <summary>The stable codes that callers may branch on. A code is never renamed or reused.</summary>
public static class ProblemCodes
{
    /// <summary>400: a request that HTTP itself does not allow.</summary>
    public const string BadRequest = "bad_request";

    /// <summary>400: the body is not JSON.</summary>
    public const string InvalidJson = "invalid_json";

    /// <summary>400: the body holds text that no string may hold (not UTF-8, NUL, half a surrogate pair).</summary>
    public const string InvalidText = "invalid_text";

    /// <summary>400: an object names a member twice.</summary>
    public const string DuplicateMember = "duplicate_member";

    /// <summary>400: a required member is not there.</summary>
    public const string MissingMember = "missing_member";

    /// <summary>400: a member of the wrong type or outside its bounds.</summary>
    public const string InvalidMember = "invalid_member";

    /// <summary>400: more leads than one push takes.</summary>
    public const string TooManyLeads = "too_many_leads";

    /// <summary>400: a query or path parameter outside its bounds.</summary>
    public const string InvalidParameter = "invalid_parameter";

    /// <summary>400: a page token that this list did not hand out to this caller.</summary>
    public const string InvalidNext = "invalid_next";

    /// <summary>400: a header is missing or outside its bounds.</summary>
    public const string InvalidHeader = "invalid_header";

    /// <summary>400: an Idempotency-Key that cannot be one.</summary>
    public const string InvalidIdempotencyKey = "invalid_idempotency_key";

    /// <summary>401: no API key, or not the right one.</summary>
    public const string Unauthorized = "unauthorized";

    /// <summary>401: a webhook without the right signature.</summary>
    public const string BadSignature = "bad_signature";

    /// <summary>403: the key may not do this.</summary>
    public const string Forbidden = "forbidden";

    /// <summary>403: the key acts for another organization than the headers name.</summary>
    public const string OrganizationMismatch = "organization_mismatch";

    /// <summary>404: no such route.</summary>
    public const string NotFound = "not_found";

    /// <summary>404: nothing was ever pushed to this namespace.</summary>
    public const string NamespaceNotFound = "namespace_not_found";

    /// <summary>404: no campaign of this id is set up.</summary>
    public const string CampaignNotFound = "campaign_not_found";

    /// <summary>404: the organization has no such routing rule.</summary>
    public const string RuleNotFound = "rule_not_found";

    /// <summary>404: the organization has no such routed lead.</summary>
    public const string LeadNotFound = "lead_not_found";

    /// <summary>404: the organization has no such key.</summary>
    public const string KeyNotFound = "key_not_found";

    /// <summary>404: the organization keeps no such secret.</summary>
    public const string SecretNotFound = "secret_not_found";

    /// <summary>405: the route has other methods.</summary>
    public const string MethodNotAllowed = "method_not_allowed";

    /// <summary>408: the body came too slowly.</summary>
    public const string RequestTimeout = "request_timeout";

    /// <summary>409: the first request with this Idempotency-Key has no answer yet.</summary>
    public const string RequestInProgress = "request_in_progress";

    /// <summary>409: what was to be changed is not what it was any more.</summary>
    public const string ChangedMeanwhile = "changed_meanwhile";

    /// <summary>409: the organization has as many routing rules as it may.</summary>
    public const string TooManyRules = "too_many_rules";

    /// <summary>409: the campaign is no webhook's, and signs nothing.</summary>
    public const string NoSigningSecret = "no_signing_secret";

    /// <summary>412: the lead was changed meanwhile.</summary>
    public const string VersionMismatch = "version_mismatch";

    /// <summary>413: the body is larger than the route takes.</summary>
    public const string BodyTooLarge = "body_too_large";

    /// <summary>415: the body is not declared as JSON in UTF-8.</summary>
    public const string UnsupportedMediaType = "unsupported_media_type";

    /// <summary>422: another request had this Idempotency-Key.</summary>
    public const string IdempotencyKeyReused = "idempotency_key_reused";

    /// <summary>429: as many leads are on lease as one namespace may have.</summary>
    public const string TooManyLeases = "too_many_leases";

    /// <summary>429: the organization asks more often than its rate allows.</summary>
    public const string RateLimited = "rate_limited";

    /// <summary>429: the organization has too many requests under way.</summary>
    public const string TooManyInFlight = "too_many_in_flight";

    /// <summary>500: a fault of ours.</summary>
    public const string InternalError = "internal_error";

    /// <summary>502: the provider calls our request invalid.</summary>
    public const string ProviderRejected = "provider_rejected";

    /// <summary>502 or 503: the provider is down.</summary>
    public const string ProviderUnavailable = "provider_unavailable";

    /// <summary>502: the provider's answer cannot be read.</summary>
    public const string ProviderUnreadable = "provider_unreadable";

    /// <summary>503: the provider refuses our credentials or plan.</summary>
    public const string ProviderRefused = "provider_refused";

    /// <summary>503: the provider throttles us.</summary>
    public const string ProviderThrottled = "provider_throttled";

    /// <summary>504: the provider did not answer in time.</summary>
    public const string ProviderTimedOut = "provider_timed_out";

    /// <summary>503: no enrichment provider is set up.</summary>
    public const string EnrichmentNotConfigured = "enrichment_not_configured";

    /// <summary>503: the same enrichment is under way elsewhere.</summary>
    public const string EnrichmentInProgress = "enrichment_in_progress";

    /// <summary>503: the grid has no key ring, so it can keep no secrets.</summary>
    public const string SecretsNotConfigured = "secrets_not_configured";

    /// <summary>503: the database cannot be reached.</summary>
    public const string StorageUnavailable = "storage_unavailable";

    /// <summary>503: starting, stopping or handing over.</summary>
    public const string NotReady = "not_ready";

    /// <summary>503: no answer in time; what was asked may or may not have been done.</summary>
    public const string TimedOut = "timed_out";

    /// <summary>503: too many requests, or too large ones, under way.</summary>
    public const string Overloaded = "overloaded";
}
