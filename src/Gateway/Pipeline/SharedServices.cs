using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Features;

namespace LeadGrain.Gateway.Pipeline;

/// <summary>The application's services as a request's: routes that ask for singletons only need no scope made for each request.</summary>
internal sealed class SharedServices(IServiceProvider services) : IServiceProvidersFeature
{
    /// <inheritdoc/>
    public IServiceProvider RequestServices
    {
        get => services;
        set => throw new NotSupportedException("It serves all requests.");
    }

    /// <summary>Gives a group's endpoints these services.</summary>
    internal void Serve(IEndpointConventionBuilder group) => group.Add(endpoint =>
    {
        var inner = endpoint.RequestDelegate!;
        endpoint.RequestDelegate = context =>
        {
            context.Features.Set<IServiceProvidersFeature>(this);
            return inner(context);
        };
    });
}
