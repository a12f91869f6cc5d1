using System.ComponentModel.DataAnnotations;

namespace LeadGrain.Gateway.Access;

/// <summary>A key to make.</summary>
/// <param name="Name">For people, 1 to 255 characters.</param>
/// <param name="Scope"><c>use</c> to push, pull, read and ingest; <c>admin</c> to change settings, keys and secrets too. Limits take the grid's key.</param>
public sealed record KeyRequest([property: MinLength(1), MaxLength(255)] string Name, [property: AllowedValues("use", "admin", null)] string? Scope = null);

/// <summary>A key of the organization.</summary>
/// <param name="Id">Part of the key, and its name in the audit log.</param>
/// <param name="Name">For people.</param>
/// <param name="Scope"><c>use</c> or <c>admin</c>.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="RevokedAt">Since when it opens nothing; null where it does.</param>
public sealed record KeyResponse(string Id, string Name, string Scope, DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt);

/// <summary>A key that was just made.</summary>
/// <param name="Id">Part of the key, and its name in the audit log.</param>
/// <param name="Name">For people.</param>
/// <param name="Scope"><c>use</c> or <c>admin</c>.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="RevokedAt">Null.</param>
/// <param name="Key">For X-API-Key. It is never told again.</param>
public sealed record NewKeyResponse(string Id, string Name, string Scope, DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt, string Key);

/// <summary>A page of keys, the oldest first.</summary>
/// <param name="Keys">The page.</param>
/// <param name="Next">To be given as <c>next</c> for the following page; null at the end.</param>
public sealed record KeysResponse(IReadOnlyList<KeyResponse> Keys, string? Next);

/// <summary>A secret to keep.</summary>
/// <param name="Value">The secret, 1 to 4096 characters.</param>
public sealed record SecretRequest([property: MinLength(1), MaxLength(4096)] string Value);

/// <summary>That a secret is kept; its value is never told.</summary>
/// <param name="Name">Its name.</param>
public sealed record SecretResponse(string Name);

/// <summary>The secrets that are kept, by name; never their values.</summary>
/// <param name="Secrets">All of them.</param>
public sealed record SecretsResponse(IReadOnlyList<SecretView> Secrets);

/// <summary>That a secret is kept, and since when.</summary>
/// <param name="Name">Its name.</param>
/// <param name="UpdatedAt">When it was set.</param>
public sealed record SecretView(string Name, DateTimeOffset UpdatedAt);
