using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LeadGrain.Gateway.Connections;

/// <summary>What the server takes from callers that go at once, or that write headers as they did in the nineties.</summary>
public static class ConnectionSetup
{
    /// <summary>Serves a request that has arrived whole though its connection has ended, and reads headers that are no UTF-8.</summary>
    public static void TakeWhatArrived(this KestrelServerOptions kestrel)
    {
        kestrel.RequestHeaderEncodingSelector = static _ => HeaderText.Encoding;
        kestrel.ConfigureEndpointDefaults(static endpoint => endpoint.Use(static next => connection =>
        {
            var input = new UnreadInput(connection.Transport.Input);
            connection.Transport = new Duplex(input, connection.Transport.Output);
            connection.Features.Set(input);
            return next(connection);
        }));
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
