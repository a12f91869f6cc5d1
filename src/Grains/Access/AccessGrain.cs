using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Access;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Organizations;
using LeadGrain.Grains.Organizations;
using LeadGrain.Grains.Secrets;

namespace LeadGrain.Grains.Access;

/// <summary>One organization's keys and secrets. It keeps nothing in memory, so its writes need no epoch: the last one stands.</summary>
internal sealed class AccessGrain(OrganizationKeyStore keys, SecretStore secrets, SecretBox box, OrganizationStore organizations)
    : Grain, IAccessGrain
{
    private Tenant Tenant => Tenant.FromGrainKey(this.GetPrimaryKeyString());

    /// <inheritdoc/>
    public async Task<OrganizationKey> AddKeyAsync(NewKey key, CancellationToken cancellationToken)
        => await keys.AddAsync(await organizations.FindOrAddAsync(Tenant), key);

    /// <inheritdoc/>
    public async Task<KeyPage> ListKeysAsync(string after, int limit, CancellationToken cancellationToken)
        => await organizations.FindAsync(Tenant) is { } id ? await keys.ListAsync(id, after, limit) : new KeyPage([], HasMore: false);

    /// <inheritdoc/>
    public async Task<OrganizationKey?> RevokeKeyAsync(string id, Actor actor, CancellationToken cancellationToken)
        => await organizations.FindAsync(Tenant) is { } organization ? await keys.RevokeAsync(organization, id, actor) : null;

    /// <inheritdoc/>
    public async Task<bool> SetSecretAsync(string name, SecretText secret, Actor actor, CancellationToken cancellationToken)
    {
        if (!box.IsConfigured)
        {
            return false;
        }

        await secrets.SetAsync(await organizations.FindOrAddAsync(Tenant), name, secret.Value, actor);
        return true;
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<SecretName>> ListSecretsAsync(CancellationToken cancellationToken)
        => await organizations.FindAsync(Tenant) is { } id
            ? [.. (await secrets.ListAsync(id)).Select(static s => new SecretName(s.Name, s.UpdatedAt))]
            : [];

    /// <inheritdoc/>
    public async Task<bool> DeleteSecretAsync(string name, Actor actor, CancellationToken cancellationToken)
        => await organizations.FindAsync(Tenant) is { } id && await secrets.DeleteAsync(id, name, actor);
}

/// <summary>Looks keys up. It keeps nothing in memory: gateways do, for seconds.</summary>
internal sealed class OrganizationKeyGrain(OrganizationKeyStore store) : Grain, IOrganizationKeyGrain
{
    /// <inheritdoc/>
    public Task<KeyGrant?> FindAsync(string id, CancellationToken cancellationToken) => store.FindAsync(id);
}
