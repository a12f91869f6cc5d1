using System.Security.Cryptography;

namespace LeadGrain.Silo;

/// <summary>The key ring of a host that was given none and has its own database, or is a sandbox: made once, kept beside the API key.</summary>
internal static class SecretKeysFile
{
    /// <summary>Reads the ring, or makes it.</summary>
    /// <param name="folder">The host's folder.</param>
    internal static string ReadOrMake(string folder)
    {
        var path = Path.Combine(folder, "secret-keys");
        if (File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } ring)
        {
            return ring;
        }

        // Its name tells it from every other ring's: what it has sealed is known as lost to a host that has another.
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        var made = $"{id}:{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}";
        OwnerOnlyFile.Write(path, made);
        return made;
    }
}
