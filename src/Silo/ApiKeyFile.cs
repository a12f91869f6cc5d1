using System.Security.Cryptography;

namespace LeadGrain.Silo;

/// <summary>The API key of a host that was given none: made once, kept where only its user can read it.</summary>
internal static class ApiKeyFile
{
    /// <summary>Reads the key, or makes it.</summary>
    /// <param name="folder">The host's folder.</param>
    /// <returns>The key, and what to tell the user: a new key itself, of an old one only where it is.</returns>
    internal static (string Key, string Note) ReadOrMake(string folder)
    {
        var path = Path.Combine(folder, "api-key");
        var (key, isNew) = OwnerOnlyFile.Read(path) is { Length: > 0 } found
            ? (found, false)
            : OwnerOnlyFile.Make(path, $"lg_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24))}");
        return (key, isNew ? $"API key {key}" : $"API key in {path}");
    }
}
