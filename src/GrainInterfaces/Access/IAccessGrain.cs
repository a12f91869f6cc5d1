using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Audit;

namespace LeadGrain.GrainInterfaces.Access;

/// <summary>One organization's keys and secrets. Keyed by <see cref="Organizations.Tenant.GrainKey"/>. Every method can throw
/// <see cref="Faults.StorageUnavailableException"/>.</summary>
public interface IAccessGrain : IGrainWithStringKey
{
    /// <summary>Adds a key.</summary>
    Task<OrganizationKey> AddKeyAsync(NewKey key, CancellationToken cancellationToken);

    /// <summary>A page of keys, the oldest first.</summary>
    /// <param name="after">The id of the last one of the page before; empty for the first page.</param>
    /// <param name="limit">At most this many.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    [AlwaysInterleave]
    Task<KeyPage> ListKeysAsync(string after, int limit, CancellationToken cancellationToken);

    /// <summary>Revokes a key. Other gateways learn of it within seconds.</summary>
    /// <returns>The key; null where the organization has none of that id.</returns>
    Task<OrganizationKey?> RevokeKeyAsync(string id, Actor actor, CancellationToken cancellationToken);

    /// <summary>Keeps a secret, sealed.</summary>
    /// <returns>False where the grid has no key ring to seal it with.</returns>
    Task<bool> SetSecretAsync(string name, SecretText secret, Actor actor, CancellationToken cancellationToken);

    /// <summary>The names of the secrets that are kept.</summary>
    [AlwaysInterleave]
    Task<ImmutableArray<SecretName>> ListSecretsAsync(CancellationToken cancellationToken);

    /// <summary>Removes a secret.</summary>
    /// <returns>Whether there was one.</returns>
    Task<bool> DeleteSecretAsync(string name, Actor actor, CancellationToken cancellationToken);
}

/// <summary>
/// Keys, looked up by gateways. Keyed by a number below <see cref="Grains"/>, not by the key's id: anybody can make one up, and none
/// may wake a grain of its own.
/// </summary>
public interface IOrganizationKeyGrain : IGrainWithStringKey
{
    /// <summary>How many there are.</summary>
    public const int Grains = 64;

    /// <summary>What the key of an id opens; null where there is none, or none any more.</summary>
    /// <exception cref="Faults.StorageUnavailableException">The database cannot be reached.</exception>
    [AlwaysInterleave]
    Task<KeyGrant?> FindAsync(string id, CancellationToken cancellationToken);
}

/// <summary>A secret on its way to be sealed. It never shows itself in a text.</summary>
/// <param name="Value">The secret.</param>
[GenerateSerializer, Immutable]
public sealed record SecretText(string Value)
{
    /// <summary>The longest secret.</summary>
    public const int MaxLength = 4_096;

    /// <inheritdoc/>
    public override string ToString() => "secret";
}

/// <summary>That a secret is kept, and since when.</summary>
[GenerateSerializer, Immutable]
public sealed record SecretName(string Name, DateTimeOffset UpdatedAt);
