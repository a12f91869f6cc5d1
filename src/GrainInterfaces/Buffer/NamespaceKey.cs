using LeadGrain.GrainInterfaces.Organizations;

namespace LeadGrain.GrainInterfaces.Buffer;

/// <summary>Names one namespace of one tenant.</summary>
/// <param name="Tenant">The owner.</param>
/// <param name="Name">The namespace, 1 to 255 characters.</param>
[GenerateSerializer, Immutable]
public sealed record NamespaceKey(Tenant Tenant, string Name)
{
    /// <summary>The key of the <see cref="INamespaceGrain"/>: app/org/namespace, each part percent-encoded.</summary>
    public string GrainKey => $"{Tenant.GrainKey}/{Uri.EscapeDataString(Name)}";

    /// <summary>Reads a key made by <see cref="GrainKey"/>.</summary>
    /// <exception cref="FormatException">The key does not have three parts.</exception>
    public static NamespaceKey FromGrainKey(string key)
    {
        var last = key.LastIndexOf('/');
        return last > 0
            ? new NamespaceKey(Tenant.FromGrainKey(key[..last]), Uri.UnescapeDataString(key[(last + 1)..]))
            : throw new FormatException($"Not a namespace key: {key}");
    }
}
