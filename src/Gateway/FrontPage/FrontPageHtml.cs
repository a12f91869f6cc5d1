using System.Net;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace LeadGrain.Gateway.FrontPage;

/// <summary>The front page and the policy that allows its own style and script, by their hashes, and nothing else.</summary>
internal sealed record FrontPageHtml(byte[] Body, string Policy)
{
    public static FrontPageHtml Load()
    {
        var assembly = typeof(FrontPageHtml).Assembly;
        using var resource = assembly.GetManifestResourceStream("LeadGrain.Gateway.FrontPage.index.html")
            ?? throw new InvalidOperationException("The front page is not in the assembly.");
        using var reader = new StreamReader(resource);
        return Of(reader.ReadToEnd(), Version(assembly));
    }

    public static FrontPageHtml Of(string html, string version)
    {
        // Connections can only come from the hashed script, so 'self' is the readiness check and no more.
        var policy = $"default-src 'none'; style-src {Hash(html, "style")}; script-src {Hash(html, "script")}; connect-src 'self'; " +
            "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        var page = html.Replace("{{version}}", WebUtility.HtmlEncode(version), StringComparison.Ordinal);
        return new FrontPageHtml(Encoding.UTF8.GetBytes(page), policy);
    }

    private static string Hash(string html, string element)
    {
        var from = html.IndexOf($"<{element}>", StringComparison.Ordinal) + element.Length + 2;
        var inner = html[from..html.IndexOf($"</{element}>", StringComparison.Ordinal)];
        return $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(inner)))}'";
    }

    private static string Version(Assembly assembly)
    {
        var version = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        return version.Split('+')[0]; // what follows the plus is the commit
    }
}
