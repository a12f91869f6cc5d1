using System.Security.Cryptography;
using System.Text;

namespace LeadGrain.CrashTests.Fuzz;

/// <summary>Proves deliveries as their senders do, under the one secret that the run's organizations are given.</summary>
internal static class DeliveryProofs
{
    internal const string Secret = "a secret of the fuzz run";

    // Of so many deliveries one is proven wrongly.
    private const int Wrong = 8;

    /// <summary>Whose secrets of which names it is.</summary>
    internal static IEnumerable<(string Org, string Name)> Secrets =>
        Sampler.Orgs.SelectMany(_ => (string[])["clay-hmac", "clay-token", "smartlead-webhook"], (org, name) => (org, name));

    /// <summary>Proves a delivery as it goes out, spoiled or not: by its token, where it has one, or by its signature.</summary>
    internal static void Prove(Draft draft)
    {
        var secret = Secret;
        if (draft.Once(Wrong))
        {
            secret = Secret[1..];
            draft.Mutations.Add("wrong proof");
        }

        if (Header(draft, "-Token") is { } token && draft.Once(4))
        {
            draft.SetHeader(token, secret);
            return;
        }

        var signature = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), draft.BodyBytes());
        draft.SetHeader(Header(draft, "-Signature")!, $"sha256={Convert.ToHexStringLower(signature)}");
    }

    private static string? Header(Draft draft, string kind)
        => draft.Operation.Parameters.FirstOrDefault(parameter => parameter.Name.EndsWith(kind, StringComparison.Ordinal))?.Name;
}
