using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.GrainInterfaces.Routing;

/// <summary>
/// Checks what deliveries from outside prove themselves with. Keyed by a number below <see cref="Grains"/>, not by organization:
/// anybody can make one up, and no name may wake a grain of its own before it is proven.
/// </summary>
public interface IDeliveryProofGrain : IGrainWithStringKey
{
    /// <summary>How many there are.</summary>
    public const int Grains = 64;

    /// <summary>Whether a delivery is the organization's; one that does not exist has none. It takes the same time for all.</summary>
    /// <exception cref="Faults.StorageUnavailableException">The database cannot be reached.</exception>
    [AlwaysInterleave]
    Task<bool> VerifyAsync(Tenant tenant, DeliveryProof proof, CancellationToken cancellationToken);
}

/// <summary>What a sender proves itself with. Either of the two is enough.</summary>
/// <param name="Sender">Under whose secrets.</param>
/// <param name="Body">The exact bytes of the body.</param>
/// <param name="Signature">HMAC-SHA256 of the body in hexadecimal, with or without <c>sha256=</c>.</param>
/// <param name="Token">A token agreed on; Clay's only.</param>
[GenerateSerializer, Immutable]
public sealed record DeliveryProof(DeliverySender Sender, byte[] Body, string? Signature, string? Token = null);

/// <summary>Who sends deliveries.</summary>
public enum DeliverySender
{
    /// <summary>Leads.</summary>
    Clay,

    /// <summary>What became of leads.</summary>
    Smartlead,
}
