using LeadGrain.Gateway.Outbound;
using LeadGrain.GrainInterfaces.Outbound;

namespace LeadGrain.Tests.Outbound;

public sealed class OutboundAddressTests
{
    [Theory]
    [InlineData("https://runs.example.com")]
    [InlineData("http://localhost:3004")]
    [InlineData("http://127.0.0.1:3004/base")]
    [InlineData("http://[::1]:3004")]
    public void Https_and_this_machine_are_allowed(string url) => Assert.Null(OutboundAddress.Refusal("X", url, allowInsecure: false));

    [Theory]
    [InlineData("http://runs:3004")]
    [InlineData("http://10.0.0.7")]
    [InlineData("http://127.0.0.1.example.com")]
    [InlineData("http://localhost.example.com")]
    public void Plain_http_to_others_needs_the_setting(string url)
    {
        Assert.Contains("X must be an https URL", OutboundAddress.Refusal("X", url, allowInsecure: false), StringComparison.Ordinal);
        Assert.Null(OutboundAddress.Refusal("X", url, allowInsecure: true));
    }

    [Theory]
    [InlineData("https://xn--ü.example/leads")]
    [InlineData("https://\u05d0a.example")]
    public void A_host_that_cannot_be_looked_up_is_refused(string url) => Assert.NotNull(OutboundAddress.Refusal("X", url, allowInsecure: true));

    [Theory]
    [InlineData("runs.example.com")]
    [InlineData("file:///etc/passwd")]
    [InlineData("ftp://localhost")]
    [InlineData("")]
    public void Other_schemes_are_refused_even_so(string url) => Assert.NotNull(OutboundAddress.Refusal("X", url, allowInsecure: true));
}
