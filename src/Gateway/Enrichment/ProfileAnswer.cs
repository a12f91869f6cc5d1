using System.Text.Json;
using LeadGrain.GrainInterfaces.Enrichment;

namespace LeadGrain.Gateway.Enrichment;

internal static class ProfileAnswer
{
    /// <summary>Writes a profile's members into the open object; nulls for nobody.</summary>
    internal static void WriteMembers(Utf8JsonWriter json, PersonProfile? profile)
    {
        json.WriteString("firstName"u8, profile?.FirstName);
        json.WriteString("lastName"u8, profile?.LastName);
        json.WriteString("title"u8, profile?.Title);
        json.WriteString("linkedinUrl"u8, profile?.LinkedinUrl);
        json.WriteString("organizationName"u8, profile?.OrganizationName);
        json.WriteString("organizationDomain"u8, profile?.OrganizationDomain);
        json.WriteString("organizationIndustry"u8, profile?.OrganizationIndustry);
        json.WriteString("organizationSize"u8, profile?.OrganizationSize);
    }
}
