using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace LeadGrain.Sandbox.Apollo;

/// <summary>Made-up people. Pure: an email always has the same person, and none where it holds "nobody".</summary>
internal static class ApolloPeople
{
    private static readonly string[] s_firstNames =
        ["Ada", "Bram", "Chidi", "Dana", "Elif", "Farid", "Greta", "Hana", "Imre", "Jonas", "Keiko", "Lucia", "Mateo", "Nadia", "Omar", "Priya"];

    private static readonly string[] s_lastNames =
        ["Adler", "Bakker", "Costa", "Duarte", "Eriksen", "Fontaine", "Garcia", "Horvat", "Ito", "Jensen", "Kowalski", "Lindqvist", "Moreau", "Novak", "Okafor", "Patel"];

    private static readonly string[] s_titles =
        ["CEO", "Chief Technology Officer", "VP Sales", "Head of Marketing", "Product Owner", "Operations Director", "Account Executive", "Founder"];

    private static readonly string[] s_industries =
        ["information technology & services", "marketing & advertising", "financial services", "logistics & supply chain", "construction", "hospital & health care"];

    private static readonly int[] s_headcounts = [1, 7, 10, 11, 42, 50, 51, 180, 200, 420, 950, 1_000, 3_300, 8_000, 10_000, 64_000];

    /// <summary>The person of an email; null for nobody.</summary>
    public static JsonObject? Of(string email)
    {
        var address = email.Trim().ToLowerInvariant();
        if (!address.Contains('@', StringComparison.Ordinal) || address.Contains("nobody", StringComparison.Ordinal))
        {
            return null;
        }

        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(address));
        var (first, last, title) = (Pick(s_firstNames, hash, 0), Pick(s_lastNames, hash, 4), Pick(s_titles, hash, 8));
        var slug = $"{first}-{last}-{Convert.ToHexStringLower(hash.AsSpan(28))}".ToLowerInvariant();
        return new JsonObject
        {
            ["id"] = Convert.ToHexStringLower(hash.AsSpan(0, 12)),
            ["first_name"] = first,
            ["last_name"] = last,
            ["name"] = $"{first} {last}",
            ["title"] = title,
            ["headline"] = $"{title} at {Company(address)}",
            ["linkedin_url"] = $"http://www.linkedin.com/in/{slug}",
            ["email"] = address,
            ["email_status"] = "verified",
            ["organization"] = Organization(address, hash),
            ["employment_history"] = new JsonArray(new JsonObject
            {
                ["current"] = true,
                ["organization_name"] = Company(address),
                ["title"] = title,
                ["start_date"] = $"20{10 + (hash[20] % 15)}-0{1 + (hash[21] % 9)}-01",
                ["end_date"] = null,
            }),
        };
    }

    private static JsonObject Organization(string address, byte[] hash) => new()
    {
        ["name"] = Company(address),
        ["primary_domain"] = address[(address.LastIndexOf('@') + 1)..],
        ["industry"] = Pick(s_industries, hash, 12),
        ["estimated_num_employees"] = Pick(s_headcounts, hash, 16),
    };

    private static string Company(string address)
    {
        var label = address[(address.LastIndexOf('@') + 1)..].Split('.')[0];
        return label.Length == 0 ? "Unnamed" : char.ToUpperInvariant(label[0]) + label[1..];
    }

    private static T Pick<T>(T[] from, byte[] hash, int at) =>
        from[BinaryPrimitives.ReadUInt32BigEndian(hash.AsSpan(at)) % (uint)from.Length];
}
