using LeadGrain.Sandbox.Smartlead;
using LeadGrain.Silo;

namespace LeadGrain.Tests.Sandbox;

public sealed class SandboxSettingsTests
{
    [Fact]
    public void Unset_the_sandbox_has_no_faults_and_answers_in_the_older_shape()
    {
        var settings = SandboxSettings.Read(_ => null);

        Assert.Equal((0, 1, SmartleadShape.Older), (settings.Smartlead.Faults, settings.Smartlead.Seed, settings.Smartlead.Shape));
        Assert.Equal(1, settings.Clay.Seed);
    }

    [Fact]
    public async Task Faults_come_as_often_as_is_set_by_the_seed_and_in_the_shape_that_is_set()
    {
        var settings = Read(("SANDBOX_FAULTS", "1"), ("SANDBOX_SEED", "7"), ("SANDBOX_SMARTLEAD_SHAPE", "Newer"));

        Assert.Equal((7, 7, SmartleadShape.Newer), (settings.Smartlead.Seed, settings.Clay.Seed, settings.Smartlead.Shape));
        Assert.Equal(await OutcomesAsync(settings.Smartlead), await OutcomesAsync(settings.Smartlead));
        Assert.NotEqual(await OutcomesAsync(settings.Smartlead), await OutcomesAsync(Read(("SANDBOX_FAULTS", "1"), ("SANDBOX_SEED", "8")).Smartlead));
    }

    [Theory]
    [InlineData("SANDBOX_FAULTS", "1.1")]
    [InlineData("SANDBOX_FAULTS", "-0.1")]
    [InlineData("SANDBOX_FAULTS", "5%")]
    [InlineData("SANDBOX_SEED", "x")]
    [InlineData("SANDBOX_SMARTLEAD_SHAPE", "round")]
    public void What_cannot_be_used_is_said_by_its_name(string name, string value)
        => Assert.StartsWith(name, Assert.Throws<SettingException>(() => Read((name, value))).Message, StringComparison.Ordinal);

    private static SandboxSettings Read(params (string Name, string Value)[] set)
        => SandboxSettings.Read(name => set.Where(one => one.Name == name).Select(one => one.Value).FirstOrDefault());

    private static async Task<string> OutcomesAsync(FakeSmartleadOptions options)
    {
        await using var smartlead = await FakeSmartlead.StartAsync(options);
        using var client = new HttpClient();
        client.DefaultRequestHeaders.UserAgent.ParseAdd("tests");
        for (var i = 0; i < 8; i++)
        {
            using var body = new StringContent($$"""{"lead_list":[{"email":"lead{{i}}@x.example"}]}""", System.Text.Encoding.UTF8, "application/json");
            try
            {
                using var response = await client.PostAsync(new Uri($"{smartlead.Url}/campaigns/7/leads?api_key={options.ApiKey}"), body);
            }
            catch (HttpRequestException)
            {
                // cut: the book says so
            }
        }

        return string.Join(',', smartlead.Book.Requests.Select(request => request.Outcome));
    }
}
