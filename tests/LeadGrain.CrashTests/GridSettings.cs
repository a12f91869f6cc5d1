using System.Globalization;

namespace LeadGrain.CrashTests;

/// <summary>What a host is started with; nothing of the tests' own environment reaches it.</summary>
internal sealed record GridSettings
{
    internal const string TestKey = "key-of-the-crash-tests";

    /// <summary>A folder of its own where none is given.</summary>
    internal string? Folder { get; init; }

    /// <summary>Null: a private server.</summary>
    internal string? DatabaseUrl { get; init; }

    /// <summary>Null: the host makes one.</summary>
    internal string? ApiKey { get; init; } = TestKey;

    internal string Port { get; init; } = "0";

    /// <summary>A port that its successor takes as well, so that clients find it.</summary>
    internal static string LastingPort() => Ports.Free().ToString(CultureInfo.InvariantCulture);

    /// <summary>Of the command line.</summary>
    internal IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Further variables.</summary>
    internal Dictionary<string, string> More { get; init; } = [];

    internal IEnumerable<KeyValuePair<string, string?>> Variables() =>
    [
        new("DATA_DIR", Folder),
        new("DATABASE_URL", DatabaseUrl),
        new("API_KEY", ApiKey),
        new("PORT", Port),
        new("DOTNET_gcServer", "0"),
        new("GATE_DNS", "false"),
        new("SECRET_KEYS", $"test:{Convert.ToBase64String(new byte[32])}"),
#if ORLEANS_HOST
        new("ADVERTISED_IP", "127.0.0.1"),
        new("SILO_PORT", LastingPort()),
        new("SILO_GATEWAY_PORT", LastingPort()),
#endif
        .. More.Select(pair => KeyValuePair.Create(pair.Key, (string?)pair.Value)),
    ];
}
