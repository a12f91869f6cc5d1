using System.Globalization;
using System.Net;
using Orleans.Configuration;

namespace LeadGrain.Silo;

/// <summary>What this process is to its cluster, from the settings.</summary>
/// <param name="HasSilo">Role <c>silo</c>: it carries grains. Without it the process is a client of the cluster.</param>
/// <param name="HasGateway">Role <c>gateway</c>: it serves HTTP. Without it only health and metrics are served.</param>
/// <param name="ClusterId"><c>CLUSTER_ID</c>: processes of the same id find each other.</param>
/// <param name="ServiceId"><c>SERVICE_ID</c>: under which reminders and grain states are kept.</param>
/// <param name="SiloPort"><c>SILO_PORT</c>: between silos.</param>
/// <param name="GatewayPort"><c>SILO_GATEWAY_PORT</c>: for gateways apart; 0 for none.</param>
/// <param name="Address"><c>ADVERTISED_IP</c>, where the others reach this silo; null for the host's first address.</param>
/// <param name="ResponseTimeout">How long a grain call may take, also one that waits by design.</param>
internal sealed record ClusterSettings(
    bool HasSilo, bool HasGateway, string ClusterId, string ServiceId, int SiloPort, int GatewayPort, IPAddress? Address, TimeSpan ResponseTimeout)
{
    /// <summary>How often a silo shows the others, through the database, that it lives.</summary>
    internal static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(2);

    /// <summary>After this many a silo counts as gone.</summary>
    internal const int MissedHeartbeats = 5;

    // The gateway gives up first, and answers with a problem of its own.
    private static readonly TimeSpan s_afterGateway = TimeSpan.FromSeconds(5);

    /// <exception cref="SettingException">A setting cannot be used.</exception>
    internal static ClusterSettings Read(IConfiguration settings)
    {
        var (hasSilo, hasGateway) = Roles(settings["ROLES"]);
        var callTimeout = settings.GetValue("GRAIN_CALL_TIMEOUT", new Gateway.GatewayOptions().GrainCallTimeout);
        return new ClusterSettings(
            hasSilo,
            hasGateway,
            Text(settings, "CLUSTER_ID", "leadgrain"),
            Text(settings, "SERVICE_ID", "leadgrain"),
            Port(settings, "SILO_PORT", 11111, least: 1),
            Port(settings, "SILO_GATEWAY_PORT", 30000, least: 0),
            AddressOf(settings),
            callTimeout + Gateway.GatewayOptions.LongestWait + s_afterGateway);
    }

    internal void Name(ClusterOptions options) => (options.ClusterId, options.ServiceId) = (ClusterId, ServiceId);

    private static (bool Silo, bool Gateway) Roles(string? text)
    {
        var roles = (string.IsNullOrWhiteSpace(text) ? "silo,gateway" : text)
            .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        var (silo, gateway) = (roles.Remove("silo"), roles.Remove("gateway"));
        return roles.Count == 0 && (silo || gateway)
            ? (silo, gateway)
            : throw new SettingException($"ROLES must be silo, gateway or both with a comma between, not {text}.");
    }

    private static string Text(IConfiguration settings, string name, string otherwise)
        => settings[name] is { } text && !string.IsNullOrWhiteSpace(text) ? text : otherwise;

    private static int Port(IConfiguration settings, string name, int otherwise, int least)
    {
        var text = Text(settings, name, otherwise.ToString(CultureInfo.InvariantCulture));
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port >= least && port <= ushort.MaxValue
            ? port
            : throw new SettingException($"{name} must be a number from {least} to 65535, not {text}.");
    }

    private static IPAddress? AddressOf(IConfiguration settings)
    {
        var text = Text(settings, "ADVERTISED_IP", string.Empty);
        if (text.Length > 0)
        {
            return IPAddress.TryParse(text, out var address)
                ? address
                : throw new SettingException($"ADVERTISED_IP must be an IP address, not {text}.");
        }

        // Without a key of the user's the process listens on loopback only, and so must its silo.
        return string.IsNullOrWhiteSpace(settings["API_KEY"]) ? IPAddress.Loopback : null;
    }
}
