using System.Security.Cryptography;

namespace LeadGrain.Silo;

/// <summary>The key ring of a host that was given none and has its own database, or is a sandbox: made once, kept beside the API key.</summary>
internal static class SecretKeysFile
{
    /// <summary>Reads the ring, or makes it.</summary>
    /// <param name="folder">The host's folder.</param>
    /// <exception cref="SettingException">It has lost its contents. Another ring would open none of the secrets that it has sealed.</exception>
    internal static string ReadOrMake(string folder)
    {
        var path = Path.Combine(folder, "secret-keys");
        if (OwnerOnlyFile.Read(path) is { } ring)
        {
            return ring.Length > 0 ? ring
                : throw new SettingException(
                    $"{path} is empty, and none of the secrets opens without the key ring that it held: put it back from your backup. "
                    + "To do without those secrets, delete the file: a new ring is made, and they are set anew.");
        }

        // Its name tells it from every other ring's: what it has sealed is known as lost to a host that has another.
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        var made = $"{id}:{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}";
        return OwnerOnlyFile.Make(path, made).Line;
    }
}
