using System.Globalization;
using System.Text.RegularExpressions;
using LeadGrain.Gateway;
using LeadGrain.Sandbox.Apollo;
using LeadGrain.Sandbox.Clay;
using LeadGrain.Sandbox.Smartlead;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using Npgsql;

namespace LeadGrain.Silo;

/// <summary>Reads what the user set, and tells the user's mistakes from ours.</summary>
internal static partial class Settings
{
    private const int DefaultPort = 3006;

    // A database that starts together with us (a compose file, a failover) gets this long.
    private static readonly TimeSpan s_databaseWait = TimeSpan.FromMinutes(1);

    /// <exception cref="SettingException">Not a port.</exception>
    internal static int Port(string? text)
        => string.IsNullOrWhiteSpace(text) ? DefaultPort
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= ushort.MaxValue ? port
            : throw new SettingException($"PORT must be a number from 0 to 65535, not {text}.");

    /// <summary>How long a database that does not answer is waited for at the start.</summary>
    /// <exception cref="SettingException">Not a time.</exception>
    internal static TimeSpan DatabaseWait(string? text)
        => string.IsNullOrWhiteSpace(text) ? s_databaseWait
            : TimeSetting.TryRead(text, out var time) && time >= TimeSpan.Zero ? time
            : throw new SettingException($"DATABASE_WAIT must be a time such as 00:01:00, not {text}.");

    /// <summary>What wins over the environment: where the sandbox's services are, if there is one, and a key ring where none is given.</summary>
    internal static Dictionary<string, string?> Overrides(string folder, FakeApollo? apollo, FakeSmartlead? smartlead)
    {
        var overrides = apollo is null || smartlead is null ? [] : Sandbox(apollo, smartlead);
        var hasOwnDatabase = string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable("DATABASE_URL"));
        if (string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable("SECRET_KEYS")) && (hasOwnDatabase || apollo is not null))
        {
            overrides["SECRET_KEYS"] = SecretKeysFile.ReadOrMake(folder);
        }

        return overrides;
    }

    private static Dictionary<string, string?> Sandbox(FakeApollo apollo, FakeSmartlead smartlead) => new()
    {
        ["SMARTLEAD_SERVICE_URL"] = smartlead.Url.ToString(),
        ["SMARTLEAD_API_KEY"] = smartlead.Options.ApiKey,
        ["APOLLO_SERVICE_URL"] = apollo.Url.ToString(),
        ["APOLLO_SERVICE_API_KEY"] = apollo.ApiKey,
        ["GATE_DNS"] = "false", // its leads live in domains that are no one's
    };

    /// <summary>Where the sandbox is, for the line that says that all is ready.</summary>
    internal static string SandboxNote(FakeApollo? apollo, FakeSmartlead? smartlead, FakeClay? clay) =>
        apollo is null ? "" : $"; sandbox: Apollo at {apollo.Url}, Smartlead at {smartlead?.Url}, Clay at {clay?.Url}";

    /// <summary>What the user has to mend, in one line; null where the fault is ours.</summary>
    internal static string? Explain(Exception exception) => exception switch
    {
        SettingException or LocalPostgresException or DatabaseUrlException or MigrationException => exception.Message,
        OptionsValidationException wrong => string.Join(' ', wrong.Failures.Select(failure => Bare(failure, wrong.OptionsType))),
        InvalidOperationException { Source: "Microsoft.Extensions.Configuration.Binder", InnerException.Message: var why } => $"{exception.Message} {why}",
        InvalidOperationException { Source: "Microsoft.Extensions.Configuration.Binder" } => exception.Message,
        PostgresException told => $"The database broke off or refused: {told.SqlState} {told.MessageText}",
        NpgsqlException => $"The database broke off: {exception.Message}",
        TimeoutException => $"The database did not answer in time: {exception.Message}",
        IOException { InnerException: AddressInUseException } => $"PORT is taken: {exception.Message}",
        _ => null,
    };

    // The validator wraps what our options say, which names the setting, in the names of classes. Those of a section are named by it.
    private static string Bare(string failure, Type options)
        => WrappedFailure().Match(failure) is not { Success: true } match ? failure
            : options.Assembly == typeof(GatewaySetup).Assembly ? match.Groups["message"].Value
            : NamedField().Replace(match.Groups["message"].Value, $"$1{SectionOf(options)}__$2");

    private static string SectionOf(Type options) => options.Name switch
    {
        "CampaignOptions" => "Campaigns",
        "SecretOptions" => "Secrets",
        var name => name.Replace("Options", "", StringComparison.Ordinal),
    };

    // One that has a name of its own is told by that.
    [GeneratedRegex("^(The field )([A-Z][a-z][A-Za-z]*)(?= must)")]
    private static partial Regex NamedField();

    [GeneratedRegex("^DataAnnotation validation failed for .* with the error: '(?<message>.*)'\\.$", RegexOptions.Singleline)]
    private static partial Regex WrappedFailure();
}

/// <summary>A setting that cannot be used; the message names it.</summary>
internal sealed class SettingException(string message) : Exception(message);
