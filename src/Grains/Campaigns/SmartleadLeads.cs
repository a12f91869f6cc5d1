using System.Buffers;
using System.Text;
using System.Text.Json;
using LeadGrain.GrainInterfaces.Campaigns;

namespace LeadGrain.Grains.Campaigns;

/// <summary>Writes Smartlead's request: its names for what a lead's body says under the usual spellings, the rest as custom fields.</summary>
internal static class SmartleadLeads
{
    // The vendor's limit of custom fields.
    private const int MaxCustomFields = 200;

    // Smartlead's member, what the grid calls it, which wins, and by which spellings it is found, compared without case, spaces, _ and -.
    private static readonly (string Member, string Name, string[] Spellings)[] s_members =
    [
        ("first_name", "first_name", ["firstname"]),
        ("last_name", "last_name", ["lastname"]),
        ("company_name", "company", ["companyname", "company"]),
        ("phone_number", "phone", ["phonenumber", "phone"]),
        ("website", "website", ["website"]),
        ("location", "location", ["location"]),
        ("linkedin_profile", "linkedin_url", ["linkedinprofile", "linkedinurl", "linkedin"]),
        ("company_url", "company_url", ["companyurl"]),
    ];

    // What the grid itself reads, and never passes on as a custom field.
    private static readonly string[] s_ours = ["email", "persona", "leadscore", "score", "source", "customfields"];

    /// <summary>The body for some leads. Pure.</summary>
    internal static byte[] Body(IEnumerable<OutboundLead> leads, SmartleadSettings settings)
    {
        var bytes = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteStartArray("lead_list");
            foreach (var lead in leads)
            {
                WriteLead(json, lead);
            }

            json.WriteEndArray();
            json.WriteStartObject("settings");
            json.WriteBoolean("ignore_global_block_list", settings.IgnoreGlobalBlockList == true);
            json.WriteBoolean("ignore_unsubscribe_list", settings.IgnoreUnsubscribeList == true);
            json.WriteBoolean("ignore_community_bounce_list", settings.IgnoreCommunityBounceList == true);
            json.WriteBoolean("ignore_duplicate_leads_in_other_campaign", settings.IgnoreDuplicateLeadsInOtherCampaign == true);
            json.WriteBoolean("return_lead_ids", settings.ReturnLeadIds == true);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static void WriteLead(Utf8JsonWriter json, OutboundLead lead)
    {
        using var document = JsonDocument.Parse(lead.Data);
        var custom = new Dictionary<string, string>(StringComparer.Ordinal);
        json.WriteStartObject();
        json.WriteString("email", lead.Email.Trim());
        if (document.RootElement.ValueKind == JsonValueKind.Object)
        {
            WriteMembers(json, document.RootElement, custom);
        }

        if (custom.Count > 0)
        {
            json.WriteStartObject("custom_fields");
            foreach (var (name, value) in custom.Take(MaxCustomFields))
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteMembers(Utf8JsonWriter json, JsonElement body, Dictionary<string, string> custom)
    {
        var found = new Dictionary<string, string>();
        foreach (var member in body.EnumerateObject())
        {
            var spelling = Bare(member.Name);
            if (s_members.FirstOrDefault(m => m.Spellings.Contains(spelling)) is { Member: not null } known)
            {
                if (Text(member.Value) is { Length: > 0 } text && (member.Name == known.Name || !found.ContainsKey(known.Member)))
                {
                    found[known.Member] = text;
                }
            }
            else if (spelling == "customfields" && member.Value.ValueKind == JsonValueKind.Object)
            {
                foreach (var field in member.Value.EnumerateObject())
                {
                    Add(custom, field);
                }
            }
            else if (!s_ours.Contains(spelling))
            {
                Add(custom, member);
            }
        }

        foreach (var (member, _, _) in s_members)
        {
            if (found.TryGetValue(member, out var text))
            {
                json.WriteString(member, text);
            }
        }
    }

    private static void Add(Dictionary<string, string> custom, JsonProperty field)
    {
        if (Text(field.Value) is { } text)
        {
            custom.TryAdd(field.Name, text);
        }
    }

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        _ => null,
    };

    private static string Bare(string name)
    {
        var bare = new StringBuilder(name.Length);
        foreach (var c in name.Where(c => c is not (' ' or '_' or '-')))
        {
            bare.Append(char.ToLowerInvariant(c));
        }

        return bare.ToString();
    }
}
