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
        if (File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } key)
        {
            return (key, $"API key in {path}");
        }

        var made = $"lg_{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24))}";
        OwnerOnlyFile.Write(path, made);
        return (made, $"API key {made}");
    }
}
