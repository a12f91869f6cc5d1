namespace LeadGrain.Gateway.Errors;

/// <summary>A Sentry DSN: <c>https://publicKey@host/path/project</c>.</summary>
/// <param name="Envelope">The envelope endpoint of the project.</param>
/// <param name="PublicKey">The key that events are sent with.</param>
internal sealed record SentryDsn(Uri Envelope, string PublicKey)
{
    /// <summary>Reads a DSN; null when it is none.</summary>
    public static SentryDsn? Parse(string dsn)
    {
        if (!Uri.TryCreate(dsn, UriKind.Absolute, out var uri) || uri.Query.Length > 0 || uri.Fragment.Length > 0
            || (uri.Scheme != Uri.UriSchemeHttps && uri.Scheme != Uri.UriSchemeHttp))
        {
            return null;
        }
        // Old DSNs have a secret after a colon; the protocol no longer uses it.
        var key = uri.UserInfo.Split(':')[0];
        var slash = uri.AbsolutePath.LastIndexOf('/');
        var (path, project) = (uri.AbsolutePath[..slash], uri.AbsolutePath[(slash + 1)..]);
        if (key.Length == 0 || !key.All(char.IsAsciiLetterOrDigit) || project.Length == 0 || !project.All(char.IsAsciiLetterOrDigit))
        {
            return null;
        }

        return new SentryDsn(new Uri($"{uri.Scheme}://{uri.Authority}{path}/api/{project}/envelope/"), key);
    }
}
