using System.Collections.Frozen;

namespace LeadGrain.Grains.Gate;

/// <summary>Domains of throw-away mail services, and names that belong to roles.</summary>
internal static class EmailDomains
{
    private const string Resource = "LeadGrain.Grains.Gate.disposable-domains.txt";

    private static readonly FrozenSet<string> s_disposable = Read();

    private static readonly FrozenSet<string> s_roles = FrozenSet.Create(
        StringComparer.Ordinal,
        "abuse", "accounting", "accounts", "admin", "administrator", "billing", "careers", "compliance", "contact", "customerservice",
        "devnull", "dns", "enquiries", "enquiry", "feedback", "finance", "ftp", "hello", "help", "helpdesk", "hostmaster", "hr", "info",
        "inquiries", "inquiry", "inoc", "invoice", "invoices", "it", "jobs", "legal", "list", "mail", "mailer-daemon", "marketing", "media",
        "no-reply", "noc", "noreply", "office", "orders", "phish", "phishing", "postmaster", "press", "privacy", "purchasing", "recruiting",
        "recruitment", "registrar", "root", "sales", "security", "service", "services", "spam", "support", "sysadmin", "team", "tech",
        "undisclosed-recipients", "unsubscribe", "usenet", "uucp", "webmaster", "www");

    /// <summary>Whether a domain, or one that it is under, is of a throw-away service.</summary>
    internal static bool IsDisposable(string domain)
    {
        var rest = domain;
        while (true)
        {
            if (s_disposable.Contains(rest))
            {
                return true;
            }

            var dot = rest.IndexOf('.', StringComparison.Ordinal);
            if (dot < 0)
            {
                return false;
            }

            rest = rest[(dot + 1)..];
        }
    }

    /// <summary>Whether the part before the at sign names a role; what follows a plus sign does not count.</summary>
    internal static bool IsRole(string localPart)
    {
        var plus = localPart.IndexOf('+', StringComparison.Ordinal);
        return s_roles.Contains(plus > 0 ? localPart[..plus] : localPart);
    }

    private static FrozenSet<string> Read()
    {
        using var stream = typeof(EmailDomains).Assembly.GetManifestResourceStream(Resource)!;
        using var reader = new StreamReader(stream);
        var domains = new HashSet<string>(StringComparer.Ordinal);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] != '#')
            {
                domains.Add(line.Trim());
            }
        }

        return domains.ToFrozenSet(StringComparer.Ordinal);
    }
}
