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

    /// <summary>Further variables.</summary>
    internal Dictionary<string, string> More { get; init; } = [];

    internal IEnumerable<KeyValuePair<string, string?>> Variables() =>
    [
        new("DATA_DIR", Folder),
        new("DATABASE_URL", DatabaseUrl),
        new("API_KEY", ApiKey),
        new("PORT", Port),
        new("DOTNET_gcServer", "0"),
        .. More.Select(pair => KeyValuePair.Create(pair.Key, (string?)pair.Value)),
    ];
}
