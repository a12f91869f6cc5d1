using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace LeadGrain.Gateway.Calls;

/// <summary>Grains that are shared by names which anybody can make up: a fixed number of them, so that no name wakes one of its own.</summary>
internal static class SharedGrains
{
    /// <summary>The key of a name's grain: the same on each gateway, so that a name is remembered in one place.</summary>
    /// <param name="name">The name.</param>
    /// <param name="grains">How many there are.</param>
    internal static string KeyOf(string name, int grains)
        => (BinaryPrimitives.ReadUInt32LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(name))) % (uint)grains).ToString(CultureInfo.InvariantCulture);
}
