using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using LeadGrain.GrainInterfaces.Faults;
using Microsoft.Extensions.Options;

namespace LeadGrain.Grains.Secrets;

/// <summary>
/// Seals secrets with AES-GCM under the first key of the ring, and opens what any key of it has sealed. What is sealed for one
/// organization and name opens for no other.
/// </summary>
internal sealed class SecretBox
{
    private const int NonceLength = 12;
    private const int TagLength = 16;

    private readonly SecretRing _ring;
    private readonly SealedSecret? _nothing;

    public SecretBox(IOptions<SecretOptions> options)
    {
        _ring = SecretRing.Parse(options.Value.Keys);
        _nothing = IsConfigured ? Seal(0, "", RandomNumberGenerator.GetBytes(32)) : null;
    }

    /// <summary>Whether there is a ring at all.</summary>
    internal bool IsConfigured => _ring.Keys.Count > 0;

    /// <summary>The id of the key that seals; empty where there is none.</summary>
    internal string SealingKeyId => IsConfigured ? _ring.Keys[0].Id : "";

    /// <summary>Seals a secret.</summary>
    /// <exception cref="SecretsNotConfiguredException">There is no ring.</exception>
    internal SealedSecret Seal(long organizationId, string name, ReadOnlySpan<byte> secret)
    {
        if (!IsConfigured)
        {
            throw new SecretsNotConfiguredException();
        }

        var key = _ring.Keys[0];
        var bytes = new byte[NonceLength + secret.Length + TagLength];
        var nonce = bytes.AsSpan(0, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key.Bytes, TagLength);
        aes.Encrypt(
            nonce, secret, bytes.AsSpan(NonceLength, secret.Length), bytes.AsSpan(NonceLength + secret.Length), Belongings(organizationId, name));
        return new SealedSecret(key.Id, bytes);
    }

    /// <summary>Opens a sealed secret.</summary>
    /// <exception cref="SecretUnreadableException">Its key is not in the ring, or it was not sealed for this organization and name.</exception>
    internal byte[] Open(long organizationId, string name, SealedSecret secret)
    {
        if (_ring.Find(secret.KeyId) is not { } key || secret.Bytes.Length < NonceLength + TagLength)
        {
            throw new SecretUnreadableException("A secret was sealed with a key that SECRET_KEYS does not have.");
        }

        var length = secret.Bytes.Length - NonceLength - TagLength;
        var opened = new byte[length];
        try
        {
            using var aes = new AesGcm(key.Bytes, TagLength);
            aes.Decrypt(
                secret.Bytes.AsSpan(0, NonceLength),
                secret.Bytes.AsSpan(NonceLength, length),
                secret.Bytes.AsSpan(NonceLength + length),
                opened,
                Belongings(organizationId, name));
            return opened;
        }
        catch (AuthenticationTagMismatchException)
        {
            throw new SecretUnreadableException("A secret does not open: its row or its key was changed.");
        }
    }

    /// <summary>Takes as long as to open a secret, so that nobody can tell by the time whether there is one.</summary>
    internal void OpenNothing()
    {
        if (_nothing is not null)
        {
            Open(0, "", _nothing);
        }
    }

    private static byte[] Belongings(long organizationId, string name)
    {
        var utf8 = Encoding.UTF8.GetBytes(name);
        var all = new byte[sizeof(long) + utf8.Length];
        BinaryPrimitives.WriteInt64BigEndian(all, organizationId);
        utf8.CopyTo(all, sizeof(long));
        return all;
    }
}

/// <summary>A sealed secret: nonce, ciphertext and tag, and which key of the ring sealed it.</summary>
internal sealed record SealedSecret(string KeyId, byte[] Bytes);

/// <summary>A kept secret cannot be opened. The message names no secret.</summary>
internal sealed class SecretUnreadableException(string message) : Exception(message);
