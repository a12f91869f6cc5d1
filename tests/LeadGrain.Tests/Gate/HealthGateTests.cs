using FsCheck;
using FsCheck.Fluent;
using LeadGrain.GrainInterfaces.Gate;
using LeadGrain.Grains.Gate;

namespace LeadGrain.Tests.Gate;

public sealed class HealthGateTests
{
    [Theory]
    [InlineData("jane.doe@acme.example", HealthClass.Green, 100, "")]
    [InlineData("info@acme.example", HealthClass.Yellow, 70, "role_address")]
    [InlineData("sales+de@acme.example", HealthClass.Yellow, 70, "role_address")]
    [InlineData("jane@mailinator.com", HealthClass.Red, 40, "disposable_domain")]
    [InlineData("jane@sub.mailinator.com", HealthClass.Red, 40, "disposable_domain")]
    [InlineData("info@mailinator.com", HealthClass.Red, 10, "disposable_domain role_address")]
    [InlineData("", HealthClass.Red, 0, "syntax")]
    [InlineData("jane", HealthClass.Red, 0, "syntax")]
    [InlineData("@acme.example", HealthClass.Red, 0, "syntax")]
    [InlineData("jane@", HealthClass.Red, 0, "syntax")]
    [InlineData("jane@acme", HealthClass.Red, 0, "syntax")]
    [InlineData("jane doe@acme.example", HealthClass.Red, 0, "syntax")]
    [InlineData("jane..doe@acme.example", HealthClass.Red, 0, "syntax")]
    [InlineData(".jane@acme.example", HealthClass.Red, 0, "syntax")]
    [InlineData("jane@-acme.example", HealthClass.Red, 0, "syntax")]
    [InlineData("jane@acme..example", HealthClass.Red, 0, "syntax")]
    [InlineData("jane@127.0.0.1", HealthClass.Red, 0, "syntax")]
    [InlineData("jane\n@acme.example", HealthClass.Red, 0, "syntax")]
    public void An_address_by_itself_is_judged(string email, HealthClass expected, int score, string checks)
    {
        var health = HealthGate.Judge(email, LeadFacts.None, GateSettings.Default);

        Assert.Equal((expected, score, checks), (health.Class, health.Score, string.Join(' ', health.Checks.Select(c => c.Name))));
        Assert.All(health.Checks, check => Assert.False(string.IsNullOrWhiteSpace(check.Reason)));
    }

    [Theory]
    [InlineData("manual", "suppressed")]
    [InlineData("unsubscribed", "suppressed")]
    [InlineData("bounced", "bounced")]
    [InlineData("complained", "complained")]
    public void The_suppression_list_blocks(string reason, string check)
    {
        var health = HealthGate.Judge("jane@acme.example", LeadFacts.None with { Suppressions = [reason] }, GateSettings.Default);

        Assert.Equal((HealthClass.Red, check), (health.Class, health.Checks.Single().Name));
    }

    [Fact]
    public void Who_is_let_in_with_what_the_suppression_list_says_is_not_withdrawn_for_it_and_the_other_way_round()
    {
        string[] all = [SuppressionReason.Manual, SuppressionReason.Unsubscribed, SuppressionReason.Bounced, SuppressionReason.Complained];
        var settings =
            from green in Gen.Choose(1, 100)
            from yellow in Gen.Elements(0, 1, green)
            from points in Gen.Elements(0, 50, 60, 100).ArrayOf(3)
            select new GateSettings(green, yellow, 30, GatePoints.Default with { Suppressed = points[0], Bounced = points[1], Complained = points[2] });
        Prop.ForAll(Arb.From(settings), Arb.From(Gen.SubListOf(all)), (settings, reasons) =>
        {
            var health = HealthGate.Judge("jane@acme.example", LeadFacts.None with { Suppressions = [.. reasons] }, settings);
            return (health.Class == HealthClass.Red) == (HealthGate.Withdraws([.. reasons], settings) is not null);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_domain_without_a_mail_host_and_a_lead_routed_before_are_told()
    {
        var facts = new LeadFacts(TakesMail: false, [], new DateTimeOffset(2030, 1, 2, 3, 4, 5, TimeSpan.Zero));

        var health = HealthGate.Judge("jane@acme.example", facts, GateSettings.Default);

        Assert.Equal(["no_mail_host", "duplicate"], health.Checks.Select(c => c.Name));
        Assert.Contains("2030-01-02T03:04:05Z", health.Checks[1].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_domain_that_nobody_can_tell_of_is_not_held_against_a_lead()
        => Assert.Empty(HealthGate.Judge("jane@acme.example", LeadFacts.None with { TakesMail = null }, GateSettings.Default).Checks);

    [Fact]
    public void Points_and_thresholds_are_the_organizations()
    {
        var settings = new GateSettings(100, 90, 30, GatePoints.Default with { RoleAddress = 5, Suppressed = 0 });

        var health = HealthGate.Judge("info@acme.example", LeadFacts.None with { Suppressions = ["manual"] }, settings);

        Assert.Equal((HealthClass.Yellow, 95), (health.Class, health.Score));
        Assert.Equal(["role_address"], health.Checks.Select(c => c.Name));
    }

    [Theory]
    [InlineData(71, 70, HealthClass.Yellow)]
    [InlineData(70, 70, HealthClass.Green)] // equal thresholds: no YELLOW
    [InlineData(71, 71, HealthClass.Red)]
    [InlineData(70, 0, HealthClass.Green)]
    [InlineData(100, 0, HealthClass.Yellow)] // nothing is RED
    public void A_score_that_reaches_a_threshold_is_in_its_class(int green, int yellow, HealthClass expected)
        => Assert.Equal(expected, HealthGate.Judge("info@acme.example", LeadFacts.None, new GateSettings(green, yellow, 30, GatePoints.Default)).Class);

    [Fact]
    public void Anything_is_judged_and_more_against_a_lead_never_makes_it_better()
    {
        var property = Prop.ForAll<string, bool, bool>((text, suppressed, duplicate) =>
        {
            var email = (text ?? "").Trim().ToLowerInvariant();
            var alone = HealthGate.Judge(email, LeadFacts.None, GateSettings.Default);
            var facts = new LeadFacts(null, suppressed ? ["manual"] : [], duplicate ? DateTimeOffset.UnixEpoch : null);
            var judged = HealthGate.Judge(email, facts, GateSettings.Default);
            return judged.Score <= alone.Score && judged.Class >= alone.Class && judged.Score is >= 0 and <= 100
                && judged.Score == Math.Max(0, 100 - judged.Checks.Sum(c => c.Points));
        });
        property.QuickCheckThrowOnFailure();
    }
}
