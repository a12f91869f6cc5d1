using System.Collections.Immutable;
using System.Globalization;
using LeadGrain.GrainInterfaces.Gate;

namespace LeadGrain.Grains.Gate;

/// <summary>Judges leads: 100 points, less what each check that tells against the lead takes off.</summary>
internal static class HealthGate
{
    internal const string Syntax = "syntax";
    internal const string DisposableDomain = "disposable_domain";
    internal const string RoleAddress = "role_address";
    internal const string NoMailHost = "no_mail_host";
    internal const string Suppressed = "suppressed";
    internal const string Bounced = "bounced";
    internal const string Complained = "complained";
    internal const string Duplicate = "duplicate";

    private const int FullScore = 100;

    /// <summary>Judges one lead. Pure.</summary>
    /// <param name="emailKey">The email, trimmed and lower-cased.</param>
    /// <param name="facts">What else is known.</param>
    /// <param name="settings">The organization's.</param>
    internal static Health Judge(string emailKey, LeadFacts facts, GateSettings settings)
    {
        var points = settings.Points;
        var checks = ImmutableArray.CreateBuilder<HealthCheck>();
        if (EmailSyntax.Fault(emailKey) is { } fault)
        {
            Add(checks, Syntax, points.Syntax, fault);
        }
        else
        {
            JudgeAddress(checks, emailKey, facts, points);
        }

        JudgeHistory(checks, facts, points);
        checks.RemoveAll(static check => check.Points == 0);
        var score = ScoreOf(checks);
        return new Health(ClassOf(score, settings), score, checks.DrainToImmutable());
    }

    /// <summary>Why a lead that was let pass before is not to be sent any more; null where what the suppression list says of it is not enough.</summary>
    /// <param name="suppressions">The list's reasons.</param>
    /// <param name="settings">The organization's.</param>
    internal static string? Withdraws(IReadOnlyCollection<string> suppressions, GateSettings settings)
    {
        var checks = ImmutableArray.CreateBuilder<HealthCheck>();
        JudgeHistory(checks, LeadFacts.None with { Suppressions = [.. suppressions] }, settings.Points);
        return ClassOf(ScoreOf(checks), settings) == HealthClass.Red
            ? string.Join(' ', checks.Where(static check => check.Points > 0).Select(static check => check.Reason))
            : null;
    }

    private static void JudgeAddress(ImmutableArray<HealthCheck>.Builder checks, string emailKey, LeadFacts facts, GatePoints points)
    {
        if (EmailDomains.IsDisposable(EmailSyntax.DomainOf(emailKey)))
        {
            Add(checks, DisposableDomain, points.DisposableDomain, "The domain belongs to a throw-away mail service.");
        }

        if (EmailDomains.IsRole(EmailSyntax.LocalPartOf(emailKey)))
        {
            Add(checks, RoleAddress, points.RoleAddress, "The address belongs to a role, not to a person.");
        }

        if (facts.TakesMail == false)
        {
            Add(checks, NoMailHost, points.NoMailHost, "The domain takes no mail: it has no mail host.");
        }
    }

    private static void JudgeHistory(ImmutableArray<HealthCheck>.Builder checks, LeadFacts facts, GatePoints points)
    {
        var reasons = facts.Suppressions;
        if (reasons.Contains(SuppressionReason.Manual) || reasons.Contains(SuppressionReason.Unsubscribed))
        {
            var why = reasons.Contains(SuppressionReason.Unsubscribed) ? "The person has unsubscribed." : "The address is on the suppression list.";
            Add(checks, Suppressed, points.Suppressed, why);
        }

        if (reasons.Contains(SuppressionReason.Bounced))
        {
            Add(checks, Bounced, points.Bounced, "Mail to the address came back.");
        }

        if (reasons.Contains(SuppressionReason.Complained))
        {
            Add(checks, Complained, points.Complained, "The person called a mail spam.");
        }

        if (facts.RoutedBefore is { } at)
        {
            var when = at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            Add(checks, Duplicate, points.Duplicate, $"The address was routed to the same target at {when}.");
        }
    }

    private static int ScoreOf(ImmutableArray<HealthCheck>.Builder checks) => Math.Max(0, FullScore - checks.Sum(static check => check.Points));

    private static HealthClass ClassOf(int score, GateSettings settings)
        => score >= settings.GreenFrom ? HealthClass.Green : score >= settings.YellowFrom ? HealthClass.Yellow : HealthClass.Red;

    private static void Add(ImmutableArray<HealthCheck>.Builder checks, string name, int points, string reason)
        => checks.Add(new HealthCheck(name, points, reason));
}
