using System.ComponentModel;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using LeadGrain.Embedded.Hosting;
using LeadGrain.Gateway;
using LeadGrain.Grains.Campaigns;
using LeadGrain.Grains.Enrichment;

namespace LeadGrain.Tests.Configuration;

public sealed partial class DocumentedSettingsTests
{
    // Classes that are bound as a whole: what can be set of them is Section__Property, unless it is listed below.
    private static readonly Dictionary<string, string> s_sections = new()
    {
        ["BufferOptions"] = "Buffer",
        ["CampaignOptions"] = CampaignOptions.Section,
        ["EmbeddedHostOptions"] = "EmbeddedHost",
        ["EnrichmentOptions"] = EnrichmentOptions.Section,
        ["GateOptions"] = "Gate",
        ["IdempotencyOptions"] = "Idempotency",
        ["IngestionOptions"] = "Ingestion",
        ["RoutingOptions"] = "Routing",
        ["SecretOptions"] = "Secrets",
    };

    // Properties that are set from a variable of their own.
    private static readonly Dictionary<string, string> s_variables = new()
    {
        ["BufferOptions.MaxAttempts"] = "LEASE_MAX_ATTEMPTS",
        ["BufferOptions.ServedSetBytes"] = "SERVED_SET_BYTES",
        ["CampaignOptions.AllowInsecureOutbound"] = "ALLOW_INSECURE_OUTBOUND",
        ["CampaignOptions.SmartleadKey"] = "SMARTLEAD_API_KEY",
        ["CampaignOptions.SmartleadUrl"] = "SMARTLEAD_SERVICE_URL",
        ["EmbeddedHostOptions.ConnectionString"] = "DATABASE_URL",
        ["EnrichmentOptions.AllowInsecureOutbound"] = "ALLOW_INSECURE_OUTBOUND",
        ["EnrichmentOptions.ApolloKey"] = "APOLLO_SERVICE_API_KEY",
        ["EnrichmentOptions.ApolloUrl"] = "APOLLO_SERVICE_URL",
        ["GateOptions.Dns"] = "GATE_DNS",
        ["GatewayOptions.ClayApp"] = "CLAY_APP",
        ["GatewayOptions.GrainCallTimeout"] = "GRAIN_CALL_TIMEOUT",
        ["GatewayOptions.IngestPushWait"] = "INGEST_PUSH_WAIT",
        ["GatewayOptions.KeyCacheFor"] = "KEY_CACHE",
        ["GatewayOptions.LargeBodiesAtOnce"] = "LARGE_BODIES_AT_ONCE",
        ["GatewayOptions.MaxBodyMemory"] = "MAX_BODY_MEMORY",
        ["GatewayOptions.MaxInFlight"] = "MAX_IN_FLIGHT",
        ["GatewayOptions.MaxUnproven"] = "MAX_UNPROVEN",
        ["GatewayOptions.MaxWaiting"] = "MAX_WAITING",
        ["GatewayOptions.OrganizationBurst"] = "ORGANIZATION_BURST",
        ["GatewayOptions.OrganizationMaxInFlight"] = "ORGANIZATION_MAX_IN_FLIGHT",
        ["GatewayOptions.OrganizationRequestsPerSecond"] = "ORGANIZATION_REQUESTS_PER_SECOND",
        ["GatewayOptions.RefusalDelay"] = "REFUSAL_DELAY",
        ["GatewayOptions.TrustedProxies"] = "TRUSTED_PROXIES",
        ["IngestionGatewayOptions.CommitWait"] = "Ingestion__CommitWait",
        ["IngestionGatewayOptions.OpenOrganization"] = "INGEST_ORGANIZATION",
        ["IngestionGatewayOptions.Origins"] = "CORS_ORIGINS",
        ["IngestionOptions.RetentionDays"] = "RAW_RETENTION",
        ["RunsOptions.AllowInsecure"] = "ALLOW_INSECURE_OUTBOUND",
        ["RunsOptions.Url"] = "RUNS_SERVICE_URL",
        ["SecretOptions.Keys"] = "SECRET_KEYS",
        ["SecurityOptions.ApiKeyHash"] = "API_KEY",
        ["SentryOptions.AllowInsecure"] = "ALLOW_INSECURE_OUTBOUND",
        ["SentryOptions.Dsn"] = "SENTRY_DSN",
        ["SentryOptions.Environment"] = "SENTRY_ENVIRONMENT",
        ["SentryOptions.Release"] = "SENTRY_RELEASE",
    };

    // Properties that no configuration reaches.
    private static readonly HashSet<string> s_noSettings =
    [
        // Code, given by the host that is built.
        "EmbeddedHostOptions.BuildSource",
        "EmbeddedHostOptions.FindHost",

        // Their classes are filled variable by variable, and no variable is for these: tests set them.
        "GatewayOptions.OwnershipRetryDelay",
        "GatewayOptions.ReadinessTimeout",
        "RunsOptions.Concurrency",
        "RunsOptions.Drain",
        "RunsOptions.FirstDelay",
        "RunsOptions.LongestDelay",
        "RunsOptions.QueueCapacity",
        "RunsOptions.Timeout",
        "RunsOptions.Tries",
        "SentryOptions.Drain",
        "SentryOptions.QueueCapacity",
        "SentryOptions.Timeout",

        // What a grain asks for with a timer.
        "GrainTimerCreationOptions.DueTime",
        "GrainTimerCreationOptions.Interleave",
        "GrainTimerCreationOptions.KeepAlive",
        "GrainTimerCreationOptions.Period",

        // Made where the exporter is added, and not bound.
        "PrometheusOptions.Meters",
        "PrometheusOptions.SeriesPerInstrument",
    ];

    [Fact]
    public async Task Every_setting_is_named_in_the_readme_or_in_docs()
    {
        var pages = await ReadAsync(Pages());

        Assert.All(Settings(), setting => Assert.Contains($"`{setting.Key}`", pages, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_setting_of_a_section_that_the_pages_name_exists()
    {
        var known = Settings().Select(static setting => setting.Key).ToHashSet();
        var named = Named().Matches(await ReadAsync(Pages())).Select(static match => match.Groups["name"].Value).ToArray();

        Assert.True(named.Length >= known.Count(static name => name.Contains("__", StringComparison.Ordinal)), string.Join(' ', named));
        Assert.All(named, name => Assert.Contains(name, known));
    }

    [Fact]
    public async Task The_defaults_in_the_tables_are_those_of_the_code()
    {
        var settings = Settings();

        Assert.All(Row().Matches(await ReadAsync(Pages())), row =>
        {
            var property = settings[row.Groups["name"].Value].First();
            var cell = row.Groups["default"].Value;
            var said = cell == "none" ? null : TypeDescriptor.GetConverter(property.PropertyType).ConvertFromInvariantString(cell);
            Assert.Equal(property.GetValue(Activator.CreateInstance(property.DeclaringType!)), said);
        });
    }

    [Fact]
    public void What_is_listed_here_of_options_exists()
    {
        var names = Properties().Select(NameOf).ToArray();

        Assert.Empty(s_variables.Keys.Concat(s_noSettings).Except(names));
        Assert.Empty(s_sections.Keys.Except(names.Select(static name => name.Split('.')[0])));
    }

    // By their names; a variable can set several properties.
    private static ILookup<string, PropertyInfo> Settings()
        => Properties().Where(static property => !s_noSettings.Contains(NameOf(property))).ToLookup(SettingOf);

    private static string SettingOf(PropertyInfo property)
        => s_variables.TryGetValue(NameOf(property), out var variable) ? variable
            : s_sections.TryGetValue(property.DeclaringType!.Name, out var section) ? $"{section}__{property.Name}"
            : throw new InvalidOperationException($"{NameOf(property)} has neither a section nor a variable: if it is no setting, list it.");

    private static IEnumerable<PropertyInfo> Properties()
        => new[] { typeof(CampaignOptions), typeof(GatewayOptions), typeof(EmbeddedHostOptions) }
            .SelectMany(static type => type.Assembly.GetTypes())
            .Where(static type => type.Name.EndsWith("Options", StringComparison.Ordinal))
            .SelectMany(static type => type.GetProperties(BindingFlags.Instance | BindingFlags.Public))
            .Where(static property => property.SetMethod is { IsPublic: true });

    private static string NameOf(PropertyInfo property) => $"{property.DeclaringType!.Name}.{property.Name}";

    private static async Task<string> ReadAsync(IEnumerable<string> pages)
        => string.Join('\n', await Task.WhenAll(pages.Select(static page => File.ReadAllTextAsync(page))));

    private static IEnumerable<string> Pages([CallerFilePath] string here = "")
    {
        var root = Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..");
        return Directory.EnumerateFiles(Path.Combine(root, "docs"), "*.md").Append(Path.Combine(root, "README.md"));
    }

    [GeneratedRegex("`(?<name>[A-Za-z]+__[A-Za-z]+)`")]
    private static partial Regex Named();

    [GeneratedRegex(@"^\| `(?<name>[A-Za-z]+__[A-Za-z]+)` \| (?<default>[^|]+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
