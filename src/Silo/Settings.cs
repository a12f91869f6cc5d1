using System.Globalization;
using System.Net.Sockets;
using LeadGrain.Sandbox.Apollo;
using Microsoft.Extensions.Options;
using Npgsql;

namespace LeadGrain.Silo;

/// <summary>Reads what the user set, and tells the user's mistakes from ours.</summary>
internal static class Settings
{
    private const int DefaultPort = 3006;

    /// <exception cref="SettingException">Not a port.</exception>
    internal static int Port(string? text)
        => string.IsNullOrWhiteSpace(text) ? DefaultPort
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= ushort.MaxValue ? port
            : throw new SettingException($"PORT must be a number from 0 to 65535, not {text}.");

    /// <summary>Points the enrichment at the sandbox, if there is one.</summary>
    internal static Dictionary<string, string?> Sandbox(FakeApollo? apollo) => apollo is null ? [] : new()
    {
        ["APOLLO_SERVICE_URL"] = apollo.Url.ToString(),
        ["APOLLO_SERVICE_API_KEY"] = apollo.ApiKey,
    };

    /// <summary>Whether the message alone tells the user what to do.</summary>
    internal static bool IsUsersToMend(Exception exception) => exception
        is SettingException or LocalPostgresException or DatabaseUrlException or MigrationException or OptionsValidationException
        or NpgsqlException { InnerException: SocketException or TimeoutException } or PostgresException
        or IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException };
}

/// <summary>A setting that cannot be used; the message names it.</summary>
internal sealed class SettingException(string message) : Exception(message);
