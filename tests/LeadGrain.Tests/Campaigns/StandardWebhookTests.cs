using System.Text;
using LeadGrain.Grains.Campaigns;

namespace LeadGrain.Tests.Campaigns;

public sealed class StandardWebhookTests
{
    // The example of the standard's own libraries.
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string Signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    private static readonly byte[] s_body = Encoding.UTF8.GetBytes("{\"test\": 2432232314}");
    private static readonly DateTimeOffset s_at = DateTimeOffset.FromUnixTimeSeconds(1_614_265_330);

    [Fact]
    public void A_signature_is_the_one_of_the_standards_own_example() =>
        Assert.Equal(Signature, StandardWebhook.Sign([Secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", s_at, s_body));

    [Fact]
    public void With_two_secrets_there_are_two_signatures_so_that_a_receiver_may_know_either()
    {
        var both = StandardWebhook.Sign([StandardWebhook.NewSecret(), Secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", s_at, s_body).Split(' ');

        Assert.Equal(2, both.Length);
        Assert.Equal(Signature, both[1]);
        Assert.NotEqual(both[0], both[1]);
    }

    [Fact]
    public void A_new_secret_is_of_the_standards_form_and_never_the_same()
    {
        var made = StandardWebhook.NewSecret();

        Assert.StartsWith("whsec_", made, StringComparison.Ordinal);
        Assert.Equal(32, Convert.FromBase64String(made["whsec_".Length..]).Length);
        Assert.NotEqual(made, StandardWebhook.NewSecret());
    }
}
