using LeadGrain.Grains.Enrichment;
using LeadGrain.Grains.Outbound;
using LeadGrain.Sandbox.Apollo;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace LeadGrain.Tests.Enrichment;

public sealed class EnrichmentSetupTests
{
    [Theory]
    [InlineData("https://apollo.example/api/v1")]
    [InlineData("https://apollo.example/api/v1/")]
    [InlineData("http://127.0.0.1:3003")]
    [InlineData("http://localhost:3003/")]
    [InlineData("http://[::1]:3003/deep/path")]
    public void Https_and_loopback_addresses_are_taken(string url) =>
        Assert.Equal(new Uri(url), Options(("APOLLO_SERVICE_URL", url)).ApolloUrl);

    [Theory]
    [InlineData("http://apollo-service:3003", "ALLOW_INSECURE_OUTBOUND")]
    [InlineData("apollo-service:3003", "absolute https")]
    [InlineData("/apollo", "absolute https")]
    [InlineData("ftp://apollo.example", "absolute https")]
    [InlineData("https://user:hush@apollo.example", "without user")]
    [InlineData("https://apollo.example/?key=hush", "without user")]
    public void Other_addresses_stop_the_start_with_a_reason_and_are_not_quoted(string url, string reason)
    {
        var refused = Assert.Throws<OptionsValidationException>(() => Options(("APOLLO_SERVICE_URL", url)));
        Assert.Contains("APOLLO_SERVICE_URL", refused.Message, StringComparison.Ordinal);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plain_http_can_be_allowed() =>
        Assert.True(Options(("APOLLO_SERVICE_URL", "http://apollo-service:3003"), ("ALLOW_INSECURE_OUTBOUND", "true")).HasApollo);

    [Theory]
    [InlineData("Enrichment:LostAfter", "00:00:15")]
    [InlineData("Enrichment:ProviderTimeout", "00:01:00")]
    [InlineData("Enrichment:ProviderTimeout", "00:00:00")]
    [InlineData("Enrichment:NotFoundFor", "-00:00:01")]
    [InlineData("Enrichment:FoundFor", "00:00:00")]
    [InlineData("Enrichment:MaxResponseBytes", "0")]
    [InlineData("APOLLO_SERVICE_API_KEY", "two\nlines")]
    public void Settings_that_make_no_sense_stop_the_start(string name, string value) =>
        Assert.Throws<OptionsValidationException>(() => Options((name, value)));

    [Fact]
    public void Either_variable_sets_the_provider_up_and_neither_does_not()
    {
        Assert.True(Options(("APOLLO_SERVICE_URL", "https://apollo.example")).HasApollo);
        Assert.True(Options(("APOLLO_SERVICE_API_KEY", "key")).HasApollo);
        Assert.False(Options(("APOLLO_SERVICE_URL", ""), ("APOLLO_SERVICE_API_KEY", " ")).HasApollo);
    }

    [Theory]
    [InlineData("https://a.example", "https://a.example/people/match?email=a%2Bb%40c.example")]
    [InlineData("https://a.example/", "https://a.example/people/match?email=a%2Bb%40c.example")]
    [InlineData("https://a.example/api/v1", "https://a.example/api/v1/people/match?email=a%2Bb%40c.example")]
    [InlineData("https://a.example/api/v1/", "https://a.example/api/v1/people/match?email=a%2Bb%40c.example")]
    public void Addresses_go_below_a_base_with_or_without_a_path_and_a_slash(string baseUrl, string expected) =>
        Assert.Equal(expected, OutboundUrl.Below(new Uri(baseUrl), $"people/match?email={Uri.EscapeDataString("a+b@c.example")}").AbsoluteUri);

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    public async Task A_person_is_found_through_a_base_with_and_without_a_slash(string end)
    {
        await using var rig = await EnrichmentRig.StartAsync();
        var email = await rig.ActivateAsync("ada+test@acme.example", rig.NewProcess(("APOLLO_SERVICE_URL", rig.Apollo.Url.AbsoluteUri + end)));

        await email.EnrichAsync();

        Assert.Equal("ada+test@acme.example", Assert.Single(rig.Apollo.Book.Calls).Email);
    }

    private static EnrichmentOptions Options(params (string Key, string? Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(s => s.Key, s => s.Value)).Build();
        using var services = new ServiceCollection().AddLogging().AddEnrichment(configuration).BuildServiceProvider();
        services.GetRequiredService<IStartupValidator>().Validate();
        return services.GetRequiredService<IOptions<EnrichmentOptions>>().Value;
    }
}
