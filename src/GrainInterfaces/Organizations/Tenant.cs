namespace LeadGrain.GrainInterfaces.Organizations;

/// <summary>
/// An organization as its callers name it: the pair (X-App-Id, X-Org-Id). Two applications that use the same
/// organization id are two tenants.
/// </summary>
/// <param name="App">Application identifier, 1 to 255 characters.</param>
/// <param name="Org">Organization identifier, 1 to 255 characters.</param>
[GenerateSerializer, Immutable]
public sealed record Tenant(string App, string Org)
{
    /// <summary>The key of this tenant's <see cref="IOrganizationGrain"/>: both parts percent-encoded, joined by a slash.</summary>
    public string GrainKey => $"{Uri.EscapeDataString(App)}/{Uri.EscapeDataString(Org)}";

    /// <summary>Reads a key made by <see cref="GrainKey"/>.</summary>
    /// <exception cref="FormatException">The key does not have two parts.</exception>
    public static Tenant FromGrainKey(string key)
    {
        var parts = key.Split('/');
        return parts.Length == 2
            ? new Tenant(Uri.UnescapeDataString(parts[0]), Uri.UnescapeDataString(parts[1]))
            : throw new FormatException($"Not an organization key: {key}");
    }
}
