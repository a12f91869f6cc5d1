using System.Collections.Immutable;
using LeadGrain.GrainInterfaces.Audit;
using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.GrainInterfaces.Access;

/// <summary>A key by which callers act for one organization. The key itself is told once and kept nowhere.</summary>
/// <param name="Id">Part of the key, and its name in the audit log.</param>
/// <param name="Name">For people.</param>
/// <param name="Scope">Of <see cref="KeyScope"/>.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="RevokedAt">Since when it opens nothing; null where it does.</param>
[GenerateSerializer, Immutable]
public sealed record OrganizationKey(string Id, string Name, string Scope, DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt);

/// <summary>What a key may do. The words are in the database and on the wire.</summary>
public static class KeyScope
{
    /// <summary>Pushing, pulling, reading and ingesting.</summary>
    public const string Use = "use";

    /// <summary>Changing settings, keys and secrets too, but not limits: those take the grid's key.</summary>
    public const string Admin = "admin";
}

/// <summary>What a gateway has to know of a key to let its bearer in.</summary>
/// <param name="Tenant">For whom it acts.</param>
/// <param name="Hash">SHA-256 of the whole key, 32 bytes.</param>
/// <param name="Scope">Of <see cref="KeyScope"/>.</param>
[GenerateSerializer, Immutable]
public sealed record KeyGrant(Tenant Tenant, byte[] Hash, string Scope);

/// <summary>A key to make.</summary>
/// <param name="Id">Unique, 16 lower-case hexadecimal digits.</param>
/// <param name="Name">For people, 1 to 255 characters.</param>
/// <param name="Scope">Of <see cref="KeyScope"/>.</param>
/// <param name="Hash">SHA-256 of the whole key.</param>
/// <param name="Actor">Who makes it.</param>
[GenerateSerializer, Immutable]
public sealed record NewKey(string Id, string Name, string Scope, byte[] Hash, Actor Actor);

/// <summary>A page of keys, the oldest first.</summary>
[GenerateSerializer, Immutable]
public sealed record KeyPage(ImmutableArray<OrganizationKey> Keys, bool HasMore);
