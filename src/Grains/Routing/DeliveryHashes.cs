using LeadGrain.GrainInterfaces.Idempotency;

namespace LeadGrain.Grains.Routing;

/// <summary>
/// By what a signed delivery is told apart from others. The id is not under the signature, so it never makes a new lead of bytes
/// that came before; it only finds the lead of a delivery that was written anew.
/// </summary>
/// <param name="Body">SHA-256 of its bytes.</param>
/// <param name="Id">SHA-256 of its id; null where it had none.</param>
internal sealed record DeliveryHashes(byte[] Body, byte[]? Id)
{
    private const string IdPrefix = "id:";

    internal static DeliveryHashes Of(RequestKey key) => new(
        key.Body, key.Key.StartsWith(IdPrefix, StringComparison.Ordinal) ? Convert.FromHexString(key.Key.AsSpan(IdPrefix.Length)) : null);
}
