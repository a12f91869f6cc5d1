using System.Net;
using System.Net.Sockets;

namespace LeadGrain.Tests;

/// <summary>Ports for hosts that must be told theirs before they start.</summary>
internal static class Ports
{
    /// <summary>One that is free, below those that the system gives out: else a connection or another test's host could be given it meanwhile.</summary>
    internal static int Free()
    {
        while (true)
        {
            var port = Random.Shared.Next(15_000, 30_000);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
            }
        }
    }
}
