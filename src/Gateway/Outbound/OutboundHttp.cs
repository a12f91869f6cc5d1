namespace LeadGrain.Gateway.Outbound;

internal static class OutboundHttp
{
    /// <summary>A client that follows no redirect, keeps no cookie, and reads at most 64 KiB of an answer.</summary>
    public static HttpClient Client(TimeSpan timeout)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2), // so that a changed DNS answer is followed
            ConnectTimeout = timeout,
        };
        return new HttpClient(handler) { Timeout = timeout, MaxResponseContentBufferSize = 64 * 1024 };
    }
}
